// The `redis` library: commands, replies and settings of a script.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node/scripting/libraries.h"

struct lua_State;

namespace windlass::scripting {

class Host;

// What the library keeps of the script that runs.
struct Calls {
  Host* host;
  int protocol = 2;  // of replies to the script, by redis.setresp
  std::string_view version;
  int version_number = 0;
  uint64_t random_state = kUnseededRandom;  // unless the interpreter was given one
  std::vector<std::string_view> args;
  std::vector<std::string> numbers;
  std::string reply;
};

// Makes the global `redis`. `calls` outlives the state.
void OpenRedis(lua_State* lua, Calls* calls);

}  // namespace windlass::scripting
