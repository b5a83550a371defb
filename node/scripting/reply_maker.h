// A Lua value as the reply to a client.
#pragma once

#include <functional>
#include <string>

#include "node/resp/reply_writer.h"

struct lua_State;

namespace windlass::scripting {

// Writes the value on top of the stack and pops it. `script_protocol` is what
// redis.setresp chose: it decides what false and true become.
void WriteReply(lua_State* lua, int script_protocol, resp::ReplyWriter* out);

// Of an error value: its text with the code in front, where it was raised, and
// whether the command that failed has counted it already.
struct ScriptError {
  std::string message;
  std::string source;
  std::string line;
  bool counted = false;
};
ScriptError ErrorAt(lua_State* lua, int index);

}  // namespace windlass::scripting
