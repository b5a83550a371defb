// See redis_library.h.
#include "node/scripting/redis_library.h"

#include <cmath>

#include "node/resp/reply_writer.h"
#include "node/scripting/host.h"
#include "node/scripting/lua_api.h"
#include "node/scripting/reply_reader.h"
#include "node/scripting/sha1.h"

namespace windlass::scripting {
namespace {

constexpr size_t kKeptReplyBytes = 64 * 1024;
constexpr std::string_view kNoArguments = "Please specify at least one argument for this redis lib call";
constexpr std::string_view kBadArguments = "Lua redis lib command arguments must be strings or integers";

Calls& CallsOf(lua_State* lua) { return *static_cast<Calls*>(lua_touserdata(lua, lua_upvalueindex(1))); }

// Pushes an error as commands give it: a code, if the text brings none, and the text.
void PushErrorTable(lua_State* lua, std::string_view text) {
  std::string message;
  if (!text.empty() && text[0] == '-') {
    text.remove_prefix(1);
    if (text.find(' ') == std::string_view::npos) message = "ERR ";
  } else {
    message = "ERR ";
  }
  message += text;
  lua_createtable(lua, 0, 1);
  PushText(lua, message);
  lua_setfield(lua, -2, "err");
}

int Raise(lua_State* lua, std::string_view text) {
  PushErrorTable(lua, text);
  return lua_error(lua);
}

// False: an argument is neither a string nor a number.
bool TakeArguments(lua_State* lua, Calls& calls) {
  const int count = lua_gettop(lua);
  calls.args.clear();
  calls.numbers.clear();
  calls.numbers.reserve(static_cast<size_t>(count));  // views into it must stay
  for (int i = 1; i <= count; ++i) {
    const int type = lua_type(lua, i);
    if (type == LUA_TNUMBER) {
      const lua_Number number = lua_tonumber(lua, i);
      calls.numbers.push_back(std::isnan(number) && std::signbit(number) ? "-nan" : resp::FormatDouble(number));
      calls.args.push_back(calls.numbers.back());
    } else if (type == LUA_TSTRING) {
      calls.args.push_back(TextAt(lua, i));
    } else {
      return false;
    }
  }
  return true;
}

int RunCommand(lua_State* lua, bool raise) {
  Calls& calls = CallsOf(lua);
  const auto refuse = [&](std::string_view text) {
    PushErrorTable(lua, text);
    return raise ? lua_error(lua) : 1;
  };
  if (lua_gettop(lua) == 0) return refuse(kNoArguments);
  if (!TakeArguments(lua, calls)) return refuse(kBadArguments);
  calls.reply.clear();
  calls.host->Call(calls.args, calls.protocol, &calls.reply);
  const bool failed = !calls.reply.empty() && calls.reply[0] == '-';
  if (calls.reply.empty()) {
    lua_pushboolean(lua, 0);
  } else {
    PushReply(lua, calls.reply);
  }
  if (calls.reply.capacity() > kKeptReplyBytes) std::string().swap(calls.reply);
  return failed && raise ? lua_error(lua) : 1;
}

int Call(lua_State* lua) { return RunCommand(lua, true); }
int PCall(lua_State* lua) { return RunCommand(lua, false); }

int ErrorReply(lua_State* lua) {
  if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TSTRING) {
    PushErrorTable(lua, "wrong number or type of arguments");
    return 1;
  }
  // A text of two words has its code in front already.
  std::string text(TextAt(lua, 1));
  if (text.empty() || text[0] != '-') text.insert(0, "-");
  PushErrorTable(lua, text);
  return 1;
}

int StatusReply(lua_State* lua) {
  if (lua_gettop(lua) != 1 || lua_type(lua, 1) != LUA_TSTRING) {
    PushErrorTable(lua, "wrong number or type of arguments");
    return 1;
  }
  lua_createtable(lua, 0, 1);
  lua_pushvalue(lua, 1);
  lua_setfield(lua, -2, "ok");
  return 1;
}

int Sha1Hex(lua_State* lua) {
  if (lua_gettop(lua) != 1) return Raise(lua, "wrong number of arguments");
  PushText(lua, Sha1OfText(TextAt(lua, 1)));
  return 1;
}

int LogLine(lua_State* lua) {
  const int count = lua_gettop(lua);
  if (count < 2) return Raise(lua, "redis.log() requires two arguments or more.");
  if (lua_isnumber(lua, 1) == 0) return Raise(lua, "First argument must be a number (log level).");
  const lua_Number level = lua_tonumber(lua, 1);
  if (level < 0 || level > 3) return Raise(lua, "Invalid log level.");
  std::string text;
  for (int i = 2; i <= count; ++i) {
    if (lua_isstring(lua, i) == 0) continue;
    if (i > 2) text += ' ';
    text += TextAt(lua, i);
  }
  CallsOf(lua).host->Log(static_cast<int>(level), text);
  return 0;
}

int SetResp(lua_State* lua) {
  if (lua_gettop(lua) != 1) return Raise(lua, "redis.setresp() requires one argument.");
  const lua_Number protocol = lua_tonumber(lua, 1);
  if (protocol != 2 && protocol != 3) return Raise(lua, "RESP version must be 2 or 3.");
  CallsOf(lua).protocol = static_cast<int>(protocol);
  return 0;
}

int SetRepl(lua_State* lua) {
  if (lua_gettop(lua) != 1) return Raise(lua, "redis.set_repl() requires one argument.");
  const lua_Number flags = lua_tonumber(lua, 1);
  if (flags < 0 || flags > kReplAll) {
    return Raise(lua, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
  }
  CallsOf(lua).host->SetReplication(static_cast<int>(flags));
  return 0;
}

int AclCheck(lua_State* lua) {
  Calls& calls = CallsOf(lua);
  if (lua_gettop(lua) == 0) return Raise(lua, kNoArguments);
  if (!TakeArguments(lua, calls)) return Raise(lua, kBadArguments);
  const int allowed = calls.host->MayCall(calls.args);
  if (allowed < 0) return Raise(lua, "Invalid command passed to redis.acl_check_cmd()");
  lua_pushboolean(lua, allowed);
  return 1;
}

int ReplicateCommands(lua_State* lua) {
  lua_pushboolean(lua, 1);
  return 1;
}

// No debugger is attached.
int Breakpoint(lua_State* lua) {
  lua_pushboolean(lua, 0);
  return 1;
}
int Debug(lua_State*) { return 0; }

}  // namespace

void OpenRedis(lua_State* lua, Calls* calls) {
  static constexpr luaL_Reg kFunctions[] = {
      {"call", Call},
      {"pcall", PCall},
      {"error_reply", ErrorReply},
      {"status_reply", StatusReply},
      {"sha1hex", Sha1Hex},
      {"log", LogLine},
      {"setresp", SetResp},
      {"set_repl", SetRepl},
      {"acl_check_cmd", AclCheck},
      {"replicate_commands", ReplicateCommands},
      {"breakpoint", Breakpoint},
      {"debug", Debug},
  };
  static constexpr struct {
    const char* name;
    int value;
  } kNumbers[] = {
      {"LOG_DEBUG", 0},  {"LOG_VERBOSE", 1},        {"LOG_NOTICE", 2},          {"LOG_WARNING", 3},
      {"REPL_NONE", kReplNone}, {"REPL_AOF", kReplAof}, {"REPL_SLAVE", kReplReplicas}, {"REPL_REPLICA", kReplReplicas},
      {"REPL_ALL", kReplAll},
  };
  lua_newtable(lua);
  for (const luaL_Reg& entry : kFunctions) {
    lua_pushlightuserdata(lua, calls);
    lua_pushcclosure(lua, entry.func, 1);
    lua_setfield(lua, -2, entry.name);
  }
  for (const auto& entry : kNumbers) {
    lua_pushnumber(lua, entry.value);
    lua_setfield(lua, -2, entry.name);
  }
  PushText(lua, calls->version);
  lua_setfield(lua, -2, "REDIS_VERSION");
  lua_pushnumber(lua, calls->version_number);
  lua_setfield(lua, -2, "REDIS_VERSION_NUM");
  lua_setglobal(lua, "redis");
}

}  // namespace windlass::scripting
