// See reply_maker.h.
#include "node/scripting/reply_maker.h"

#include <cmath>
#include <cstdint>

#include "node/scripting/lua_api.h"

namespace windlass::scripting {
namespace {

std::string OneLine(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return line;
}

// The field of the table on top, pushed if it is of this type.
bool PushField(lua_State* lua, const char* field, int type) {
  lua_pushstring(lua, field);
  lua_rawget(lua, -2);
  if (lua_type(lua, -1) == type) return true;
  lua_pop(lua, 1);
  return false;
}

// Replies whose count is known at their end are written aside.
class Aside {
 public:
  Aside(resp::ReplyWriter* out) : out_(out), writer_(&bytes_, out->protocol()) {}
  resp::ReplyWriter* writer() { return &writer_; }
  void Finish() { out_->Raw(bytes_); }

 private:
  resp::ReplyWriter* out_;
  std::string bytes_;
  resp::ReplyWriter writer_;
};

// The table on top; pops nothing.
void WriteKeyed(lua_State* lua, int script_protocol, bool map, resp::ReplyWriter* out) {
  Aside aside(out);
  int64_t count = 0;
  lua_pushnil(lua);
  while (lua_next(lua, -2) != 0) {
    if (map) {
      lua_pushvalue(lua, -2);
      WriteReply(lua, script_protocol, aside.writer());
      WriteReply(lua, script_protocol, aside.writer());
    } else {
      lua_pop(lua, 1);
      lua_pushvalue(lua, -1);
      WriteReply(lua, script_protocol, aside.writer());
    }
    ++count;
  }
  map ? out->Map(count) : out->Set(count);
  aside.Finish();
}

void WriteArray(lua_State* lua, int script_protocol, resp::ReplyWriter* out) {
  int count = 0;
  for (;; ++count) {
    lua_rawgeti(lua, -1, count + 1);
    const bool end = lua_isnil(lua, -1);
    lua_pop(lua, 1);
    if (end) break;
  }
  out->Array(count);
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(lua, -1, i);
    WriteReply(lua, script_protocol, out);
  }
}

bool WriteVerbatim(lua_State* lua, resp::ReplyWriter* out) {
  if (!PushField(lua, "format", LUA_TSTRING)) return false;
  const std::string format(TextAt(lua, -1));
  lua_pop(lua, 1);
  if (!PushField(lua, "string", LUA_TSTRING)) return false;
  out->Verbatim((format + "   ").substr(0, 3), TextAt(lua, -1));
  lua_pop(lua, 1);
  return true;
}

// What one of the fields says the table stands for; false: it is an array.
bool WriteTagged(lua_State* lua, int script_protocol, resp::ReplyWriter* out) {
  if (PushField(lua, "err", LUA_TSTRING)) {
    lua_pop(lua, 1);
    out->Error(ErrorAt(lua, -1).message);
    return true;
  }
  bool done = true;
  if (PushField(lua, "ok", LUA_TSTRING)) {
    out->Simple(OneLine(TextAt(lua, -1)));
  } else if (PushField(lua, "double", LUA_TNUMBER)) {
    out->Double(lua_tonumber(lua, -1));
  } else if (PushField(lua, "map", LUA_TTABLE)) {
    WriteKeyed(lua, script_protocol, true, out);
  } else if (PushField(lua, "set", LUA_TTABLE)) {
    WriteKeyed(lua, script_protocol, false, out);
  } else if (PushField(lua, "big_number", LUA_TSTRING)) {
    out->BigNumber(OneLine(TextAt(lua, -1)));
  } else if (PushField(lua, "verbatim_string", LUA_TTABLE)) {
    done = WriteVerbatim(lua, out);
  } else {
    return false;
  }
  lua_pop(lua, 1);
  return done;
}

int64_t Truncated(lua_Number number) {
  if (std::isnan(number)) return INT64_MIN;
  if (number >= 9223372036854775808.0 || number < -9223372036854775808.0) return INT64_MIN;
  return static_cast<int64_t>(number);
}

}  // namespace

void WriteReply(lua_State* lua, int script_protocol, resp::ReplyWriter* out) {
  if (lua_checkstack(lua, 6) == 0) {
    out->Error("ERR reached lua stack limit");
    lua_pop(lua, 1);
    return;
  }
  switch (lua_type(lua, -1)) {
    case LUA_TSTRING:
      out->Bulk(TextAt(lua, -1));
      break;
    case LUA_TBOOLEAN:
      if (script_protocol == 3) {
        out->Bool(lua_toboolean(lua, -1) != 0);
      } else if (lua_toboolean(lua, -1) != 0) {
        out->Integer(1);
      } else {
        out->Null();
      }
      break;
    case LUA_TNUMBER:
      out->Integer(Truncated(lua_tonumber(lua, -1)));
      break;
    case LUA_TTABLE:
      if (!WriteTagged(lua, script_protocol, out)) WriteArray(lua, script_protocol, out);
      break;
    default:
      out->Null();
  }
  lua_pop(lua, 1);
}

ScriptError ErrorAt(lua_State* lua, int index) {
  ScriptError error;
  if (lua_isstring(lua, index) != 0) {
    error.message = "ERR " + std::string(TextAt(lua, index));
    return error;
  }
  // Without metamethods: nothing would catch what they raise.
  const auto push = [&](const char* name) {
    lua_pushstring(lua, name);
    lua_rawget(lua, index < 0 ? index - 1 : index);
  };
  const auto field = [&](const char* name, std::string* out) {
    push(name);
    if (lua_isstring(lua, -1) != 0) *out = std::string(TextAt(lua, -1));
    lua_pop(lua, 1);
  };
  field("err", &error.message);
  field("source", &error.source);
  field("line", &error.line);
  push("ignore_error_stats_update");
  error.counted = lua_toboolean(lua, -1) != 0;
  lua_pop(lua, 1);
  return error;
}

}  // namespace windlass::scripting
