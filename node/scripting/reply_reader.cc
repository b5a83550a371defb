// See reply_reader.h.
#include "node/scripting/reply_reader.h"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "node/scripting/lua_api.h"

namespace windlass::scripting {
namespace {

// Cuts one line off, without its end.
std::string_view TakeLine(std::string_view* rest) {
  const size_t end = rest->find("\r\n");
  const std::string_view line = rest->substr(0, end);
  rest->remove_prefix(end + 2);
  return line;
}

int64_t NumberOf(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string_view TakeBytes(std::string_view* rest, int64_t size) {
  const std::string_view bytes = rest->substr(0, static_cast<size_t>(size));
  rest->remove_prefix(static_cast<size_t>(size) + 2);
  return bytes;
}

// {field = text}
void PushTagged(lua_State* lua, const char* field, std::string_view text) {
  lua_createtable(lua, 0, 1);
  PushText(lua, text);
  lua_setfield(lua, -2, field);
}

void PushError(lua_State* lua, std::string_view text) {
  PushTagged(lua, "err", text);
  lua_pushboolean(lua, 1);
  lua_setfield(lua, -2, "ignore_error_stats_update");
}

void PushVerbatim(lua_State* lua, std::string_view bytes) {
  lua_createtable(lua, 0, 1);
  lua_createtable(lua, 0, 2);
  PushText(lua, bytes.substr(0, 3));
  lua_setfield(lua, -2, "format");
  PushText(lua, bytes.substr(4));
  lua_setfield(lua, -2, "string");
  lua_setfield(lua, -2, "verbatim_string");
}

std::string_view PushArray(lua_State* lua, std::string_view rest, int64_t count) {
  lua_createtable(lua, static_cast<int>(count), 0);
  for (int64_t i = 1; i <= count; ++i) {
    rest = PushReply(lua, rest);
    lua_rawseti(lua, -2, static_cast<int>(i));
  }
  return rest;
}

// {map = {key = value}} or {set = {element = true}}
std::string_view PushKeyed(lua_State* lua, std::string_view rest, int64_t count, const char* field) {
  const bool map = field[0] == 'm';
  lua_createtable(lua, 0, 1);
  lua_newtable(lua);  // grows as it fills, as it does in Redis: that decides the order in which scripts see the pairs
  for (int64_t i = 0; i < count; ++i) {
    rest = PushReply(lua, rest);
    const bool usable = !lua_isnil(lua, -1);
    if (map) {
      rest = PushReply(lua, rest);
    } else {
      lua_pushboolean(lua, 1);
    }
    if (usable) {
      lua_rawset(lua, -3);
    } else {
      lua_pop(lua, 2);
    }
  }
  lua_setfield(lua, -2, field);
  return rest;
}

}  // namespace

std::string_view PushReply(lua_State* lua, std::string_view rest) {
  luaL_checkstack(lua, 8, "reached lua stack limit");
  const char kind = rest[0];
  rest.remove_prefix(1);
  const std::string_view line = TakeLine(&rest);
  switch (kind) {
    case '+':
      PushTagged(lua, "ok", line);
      return rest;
    case '-':
      PushError(lua, line);
      return rest;
    case ':':
      lua_pushnumber(lua, static_cast<lua_Number>(NumberOf(line)));
      return rest;
    case '_':
      lua_pushnil(lua);
      return rest;
    case '#':
      lua_pushboolean(lua, line == "t");
      return rest;
    case ',':
      lua_createtable(lua, 0, 1);
      lua_pushnumber(lua, std::strtod(std::string(line).c_str(), nullptr));
      lua_setfield(lua, -2, "double");
      return rest;
    case '(':
      PushTagged(lua, "big_number", line);
      return rest;
    default:
      break;
  }
  const int64_t size = NumberOf(line);
  if (size < 0) {
    lua_pushboolean(lua, 0);
    return rest;
  }
  switch (kind) {
    case '$':
      PushText(lua, TakeBytes(&rest, size));
      return rest;
    case '=':
      PushVerbatim(lua, TakeBytes(&rest, size));
      return rest;
    case '%':
      return PushKeyed(lua, rest, size, "map");
    case '~':
      return PushKeyed(lua, rest, size, "set");
    case '|':  // an attribute: passed over, with the reply it belongs to behind it
      rest = PushKeyed(lua, rest, size, "map");
      lua_pop(lua, 1);
      return PushReply(lua, rest);
    default:
      return PushArray(lua, rest, size);
  }
}

}  // namespace windlass::scripting
