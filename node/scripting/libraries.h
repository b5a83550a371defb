// Libraries for scripts beside Lua's own. Each pushes its table.
#pragma once

#include <cstdint>

struct lua_State;

namespace windlass::scripting {

int OpenBit(lua_State* lua);
int OpenCmsgpack(lua_State* lua);
int OpenStruct(lua_State* lua);
// math.random and randomseed, the same on every machine, put into the table on top.
// `state` outlives the Lua state.
void ReplaceRandom(lua_State* lua, uint64_t* state);
inline constexpr uint64_t kUnseededRandom = 0x1234ABCD330Eull;

}  // namespace windlass::scripting
