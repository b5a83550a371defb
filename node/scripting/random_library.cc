// math.random for scripts: the generator POSIX describes for lrand48, so that a script
// draws the same numbers on every machine.
#include <cmath>
#include <cstdint>

#include "node/scripting/libraries.h"
#include "node/scripting/lua_api.h"

namespace windlass::scripting {
namespace {

constexpr uint64_t kMask = (uint64_t{1} << 48) - 1;
constexpr int32_t kMax = INT32_MAX;

uint64_t& StateOf(lua_State* lua) { return *static_cast<uint64_t*>(lua_touserdata(lua, lua_upvalueindex(1))); }

int Random(lua_State* lua) {
  uint64_t& state = StateOf(lua);
  state = (state * 0x5DEECE66Dull + 0xB) & kMask;
  const double share = static_cast<double>((state >> 17) % kMax) / static_cast<double>(kMax);
  switch (lua_gettop(lua)) {
    case 0:
      lua_pushnumber(lua, share);
      return 1;
    case 1: {
      const int upper = luaL_checkint(lua, 1);
      luaL_argcheck(lua, 1 <= upper, 1, "interval is empty");
      lua_pushnumber(lua, std::floor(share * upper) + 1);
      return 1;
    }
    case 2: {
      const int lower = luaL_checkint(lua, 1);
      const int upper = luaL_checkint(lua, 2);
      luaL_argcheck(lua, lower <= upper, 2, "interval is empty");
      lua_pushnumber(lua, std::floor(share * (static_cast<double>(upper) - lower + 1)) + lower);
      return 1;
    }
    default:
      return luaL_error(lua, "wrong number of arguments");
  }
}

int Seed(lua_State* lua) {
  StateOf(lua) = static_cast<uint64_t>(static_cast<uint32_t>(luaL_checkint(lua, 1))) << 16 | 0x330E;
  return 0;
}

}  // namespace

void ReplaceRandom(lua_State* lua, uint64_t* state) {
  lua_pushlightuserdata(lua, state);
  lua_pushcclosure(lua, Random, 1);
  lua_setfield(lua, -2, "random");
  lua_pushlightuserdata(lua, state);
  lua_pushcclosure(lua, Seed, 1);
  lua_setfield(lua, -2, "randomseed");
}

}  // namespace windlass::scripting
