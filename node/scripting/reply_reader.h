// A reply in RESP as a Lua value, as redis.call returns it.
#pragma once

#include <string_view>

struct lua_State;

namespace windlass::scripting {

// Pushes one value. Errors become tables with `err`, and are marked as counted.
// REQUIRES: `reply` begins with one whole reply. Returns what is behind it.
std::string_view PushReply(lua_State* lua, std::string_view reply);

}  // namespace windlass::scripting
