// The bit library: operations on 32 bits. Results are signed.
//
// Our own, not the system's library, whose tohex writes outside its buffer for the lowest
// of numbers.
#include <cstdint>
#include <cstring>

#include "node/scripting/libraries.h"
#include "node/scripting/lua_api.h"

namespace windlass::scripting {
namespace {

// Added to a double below 2^51 this leaves its nearest integer, modulo 2^32, in the low
// bits of the mantissa. What becomes of larger numbers is by this defined as well.
constexpr lua_Number kToBits = 6755399441055744.0;  // 2^52 + 2^51

uint32_t BitsAt(lua_State* lua, int index) {
  const lua_Number shifted = lua_tonumber(lua, index) + kToBits;
  uint64_t image;
  std::memcpy(&image, &shifted, sizeof image);
  const uint32_t bits = static_cast<uint32_t>(image);
  if (bits == 0 && lua_isnumber(lua, index) == 0) luaL_typerror(lua, index, "number");
  return bits;
}

int PushBits(lua_State* lua, uint32_t bits) {
  lua_pushnumber(lua, static_cast<lua_Number>(static_cast<int32_t>(bits)));
  return 1;
}

template <uint32_t (*operation)(uint32_t)>
int OfOne(lua_State* lua) {
  return PushBits(lua, operation(BitsAt(lua, 1)));
}

template <uint32_t (*operation)(uint32_t, uint32_t)>
int OfMany(lua_State* lua) {
  uint32_t bits = BitsAt(lua, 1);
  for (int i = lua_gettop(lua); i > 1; --i) bits = operation(bits, BitsAt(lua, i));
  return PushBits(lua, bits);
}

template <uint32_t (*operation)(uint32_t, uint32_t)>
int OfShift(lua_State* lua) {
  const uint32_t bits = BitsAt(lua, 1);
  return PushBits(lua, operation(bits, BitsAt(lua, 2) & 31));
}

uint32_t Same(uint32_t a) { return a; }
uint32_t Not(uint32_t a) { return ~a; }
uint32_t Swapped(uint32_t a) { return __builtin_bswap32(a); }
uint32_t And(uint32_t a, uint32_t b) { return a & b; }
uint32_t Or(uint32_t a, uint32_t b) { return a | b; }
uint32_t Xor(uint32_t a, uint32_t b) { return a ^ b; }
uint32_t Left(uint32_t a, uint32_t n) { return a << n; }
uint32_t Right(uint32_t a, uint32_t n) { return a >> n; }
uint32_t ArithmeticRight(uint32_t a, uint32_t n) { return static_cast<uint32_t>(static_cast<int32_t>(a) >> n); }
uint32_t RolledLeft(uint32_t a, uint32_t n) { return a << n | a >> ((32 - n) & 31); }
uint32_t RolledRight(uint32_t a, uint32_t n) { return a >> n | a << ((32 - n) & 31); }

// A negative count asks for capital letters.
int ToHex(lua_State* lua) {
  uint32_t bits = BitsAt(lua, 1);
  const int32_t wanted = lua_isnone(lua, 2) ? 8 : static_cast<int32_t>(BitsAt(lua, 2));
  const char* const digits = wanted < 0 ? "0123456789ABCDEF" : "0123456789abcdef";
  const int64_t magnitude = wanted < 0 ? -int64_t{wanted} : wanted;
  const size_t count = magnitude > 8 ? 8 : static_cast<size_t>(magnitude);
  char text[8];
  for (size_t i = count; i > 0; bits >>= 4) text[--i] = digits[bits & 15];
  lua_pushlstring(lua, text, count);
  return 1;
}

}  // namespace

int OpenBit(lua_State* lua) {
  static constexpr luaL_Reg kFunctions[] = {
      {"tobit", OfOne<Same>},      {"bnot", OfOne<Not>},       {"bswap", OfOne<Swapped>},     {"band", OfMany<And>},
      {"bor", OfMany<Or>},         {"bxor", OfMany<Xor>},      {"lshift", OfShift<Left>},     {"rshift", OfShift<Right>},
      {"arshift", OfShift<ArithmeticRight>}, {"rol", OfShift<RolledLeft>}, {"ror", OfShift<RolledRight>}, {"tohex", ToHex}};
  lua_newtable(lua);
  for (const luaL_Reg& entry : kFunctions) {
    lua_pushcfunction(lua, entry.func);
    lua_setfield(lua, -2, entry.name);
  }
  return 1;
}

}  // namespace windlass::scripting
