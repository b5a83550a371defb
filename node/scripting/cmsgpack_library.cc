// The cmsgpack library: MessagePack for scripts.
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "node/scripting/libraries.h"
#include "node/scripting/lua_api.h"

namespace windlass::scripting {
namespace {

constexpr int kMaxNesting = 16;  // tables deeper than this become nil

// --- packing

void PutBig(std::string* out, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out->push_back(static_cast<char>(value >> (8 * i)));
}

void PutTagged(std::string* out, int tag, uint64_t value, int bytes) {
  out->push_back(static_cast<char>(tag));
  PutBig(out, value, bytes);
}

void PackInteger(std::string* out, int64_t n) {
  const uint64_t bits = static_cast<uint64_t>(n);
  if (n >= 0) {
    if (n <= 127) return out->push_back(static_cast<char>(n));
    if (n <= 0xff) return PutTagged(out, 0xcc, bits, 1);
    if (n <= 0xffff) return PutTagged(out, 0xcd, bits, 2);
    if (n <= 0xffffffffLL) return PutTagged(out, 0xce, bits, 4);
    return PutTagged(out, 0xcf, bits, 8);
  }
  if (n >= -32) return out->push_back(static_cast<char>(n));
  if (n >= INT8_MIN) return PutTagged(out, 0xd0, bits, 1);
  if (n >= INT16_MIN) return PutTagged(out, 0xd1, bits, 2);
  if (n >= INT32_MIN) return PutTagged(out, 0xd2, bits, 4);
  PutTagged(out, 0xd3, bits, 8);
}

void PackNumber(std::string* out, double n) {
  if (n >= -9223372036854775808.0 && n < 9223372036854775808.0 && n == std::floor(n)) {
    return PackInteger(out, static_cast<int64_t>(n));
  }
  const float narrow = static_cast<float>(n);
  if (static_cast<double>(narrow) == n) {
    uint32_t bits;
    std::memcpy(&bits, &narrow, sizeof bits);
    return PutTagged(out, 0xca, bits, 4);
  }
  uint64_t bits;
  std::memcpy(&bits, &n, sizeof bits);
  PutTagged(out, 0xcb, bits, 8);
}

void PackString(std::string* out, std::string_view text) {
  const size_t size = text.size();
  if (size < 32) {
    out->push_back(static_cast<char>(0xa0 | size));
  } else if (size <= 0xff) {
    PutTagged(out, 0xd9, size, 1);
  } else if (size <= 0xffff) {
    PutTagged(out, 0xda, size, 2);
  } else {
    PutTagged(out, 0xdb, size, 4);
  }
  out->append(text);
}

void PutCount(std::string* out, size_t count, int small, int wide) {
  if (count <= 15) return out->push_back(static_cast<char>(small | static_cast<int>(count)));
  if (count <= 0xffff) return PutTagged(out, wide, count, 2);
  PutTagged(out, wide + 1, count, 4);
}

// Whether the table on top has the keys 1 to n and no others; *count is how many it has.
bool IsArray(lua_State* lua, size_t* count) {
  bool array = true;
  lua_Number highest = 0;
  *count = 0;
  lua_pushnil(lua);
  while (lua_next(lua, -2) != 0) {
    lua_pop(lua, 1);
    ++*count;
    if (lua_type(lua, -1) != LUA_TNUMBER) {
      array = false;
      continue;
    }
    const lua_Number n = lua_tonumber(lua, -1);
    if (n <= 0 || n != std::floor(n)) array = false;
    if (n > highest) highest = n;
  }
  return array && highest == static_cast<lua_Number>(*count);
}

// The value on top; pops it.
void Pack(lua_State* lua, std::string* out, int depth) {
  luaL_checkstack(lua, 4, "in function cmsgpack.pack");
  const int type = depth == kMaxNesting && lua_istable(lua, -1) ? LUA_TNIL : lua_type(lua, -1);
  if (type == LUA_TSTRING) {
    PackString(out, TextAt(lua, -1));
  } else if (type == LUA_TBOOLEAN) {
    out->push_back(static_cast<char>(lua_toboolean(lua, -1) != 0 ? 0xc3 : 0xc2));
  } else if (type == LUA_TNUMBER) {
    PackNumber(out, lua_tonumber(lua, -1));
  } else if (type == LUA_TTABLE) {
    size_t count;
    if (IsArray(lua, &count)) {
      PutCount(out, count, 0x90, 0xdc);
      for (size_t i = 1; i <= count; ++i) {
        lua_rawgeti(lua, -1, static_cast<int>(i));
        Pack(lua, out, depth + 1);
      }
    } else {
      PutCount(out, count, 0x80, 0xde);
      lua_pushnil(lua);
      while (lua_next(lua, -2) != 0) {
        lua_pushvalue(lua, -2);
        Pack(lua, out, depth + 1);
        Pack(lua, out, depth + 1);
      }
    }
  } else {
    out->push_back(static_cast<char>(0xc0));
  }
  lua_pop(lua, 1);
}

int PackCommand(lua_State* lua) {
  const int count = lua_gettop(lua);
  if (count == 0) return luaL_argerror(lua, 0, "MessagePack pack needs input.");
  std::string out;
  for (int i = 1; i <= count; ++i) {
    lua_pushvalue(lua, i);
    Pack(lua, &out, 0);
  }
  PushText(lua, out);
  return 1;
}

// --- unpacking

class Reader {
 public:
  Reader(lua_State* lua, std::string_view bytes) : lua_(lua), rest_(bytes) {}
  size_t left() const { return rest_.size(); }

  // Pushes one value.
  void Read() {
    luaL_checkstack(lua_, 4, "too many return values at once; use unpack_one or unpack_limit instead.");
    const int tag = static_cast<unsigned char>(Take(1)[0]);
    if (tag <= 0x7f) return lua_pushnumber(lua_, tag);
    if (tag >= 0xe0) return lua_pushnumber(lua_, tag - 256);
    if (tag <= 0x8f) return ReadMap(static_cast<size_t>(tag & 15));
    if (tag <= 0x9f) return ReadArray(static_cast<size_t>(tag & 15));
    if (tag <= 0xbf) return PushText(lua_, Take(static_cast<size_t>(tag & 31)));
    ReadWide(tag);
  }

 private:
  std::string_view Take(size_t count) {
    if (rest_.size() < count) luaL_error(lua_, "Missing bytes in input.");
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }

  uint64_t Big(size_t bytes) {
    uint64_t value = 0;
    for (const char c : Take(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }

  void ReadWide(int tag) {
    switch (tag) {
      case 0xc0: return lua_pushnil(lua_);
      case 0xc2: return lua_pushboolean(lua_, 0);
      case 0xc3: return lua_pushboolean(lua_, 1);
      case 0xd9: return PushText(lua_, Take(Big(1)));
      case 0xda: return PushText(lua_, Take(Big(2)));
      case 0xdb: return PushText(lua_, Take(Big(4)));
      case 0xca: {
        const uint32_t bits = static_cast<uint32_t>(Big(4));
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return lua_pushnumber(lua_, static_cast<double>(value));
      }
      case 0xcb: {
        const uint64_t bits = Big(8);
        double value;
        std::memcpy(&value, &bits, sizeof value);
        return lua_pushnumber(lua_, value);
      }
      case 0xcc: return lua_pushnumber(lua_, static_cast<double>(Big(1)));
      case 0xcd: return lua_pushnumber(lua_, static_cast<double>(Big(2)));
      case 0xce: return lua_pushnumber(lua_, static_cast<double>(Big(4)));
      case 0xd0: return lua_pushnumber(lua_, static_cast<int8_t>(Big(1)));
      case 0xd1: return lua_pushnumber(lua_, static_cast<int16_t>(Big(2)));
      case 0xd2: return lua_pushnumber(lua_, static_cast<int32_t>(Big(4)));
      case 0xcf:  // as scripts are used to read it: signed
      case 0xd3: return lua_pushnumber(lua_, static_cast<double>(static_cast<int64_t>(Big(8))));
      case 0xdc: return ReadArray(Big(2));
      case 0xdd: return ReadArray(Big(4));
      case 0xde: return ReadMap(Big(2));
      case 0xdf: return ReadMap(Big(4));
      default: luaL_error(lua_, "Bad data format in input.");
    }
  }

  void ReadArray(size_t count) {
    lua_newtable(lua_);
    for (size_t i = 1; i <= count; ++i) {
      Read();
      lua_rawseti(lua_, -2, static_cast<int>(i));
    }
  }

  void ReadMap(size_t count) {
    lua_newtable(lua_);
    for (size_t i = 0; i < count; ++i) {
      Read();
      Read();
      lua_settable(lua_, -3);
    }
  }

  lua_State* lua_;
  std::string_view rest_;
};

struct Extent {
  lua_Integer limit;
  lua_Integer offset;
  bool all;
};

int Unpack(lua_State* lua, const Extent& extent) {
  size_t size;
  const char* bytes = luaL_checklstring(lua, 1, &size);
  if (extent.limit < 0 || extent.offset < 0) {
    return luaL_error(lua, "Invalid request to unpack with offset of %d and limit of %d.",
                      static_cast<int>(extent.offset), static_cast<int>(size));
  }
  const size_t offset = static_cast<size_t>(extent.offset);
  if (offset > size) {
    return luaL_error(lua, "Start offset %d greater than input length %d.", static_cast<int>(offset),
                      static_cast<int>(size));
  }
  Reader reader(lua, std::string_view(bytes + offset, size - offset));
  int count = 0;
  while (reader.left() > 0 && (extent.all || count < extent.limit)) {
    reader.Read();
    ++count;
  }
  if (extent.all) return count;
  lua_pushnumber(lua, reader.left() == 0 ? -1 : static_cast<lua_Number>(size - reader.left()));
  lua_insert(lua, -(count + 1));
  return count + 1;
}

int UnpackAll(lua_State* lua) { return Unpack(lua, {INT_MAX, 0, true}); }
int UnpackOne(lua_State* lua) { return Unpack(lua, {1, luaL_optinteger(lua, 2, 0), false}); }
int UnpackLimit(lua_State* lua) {
  const lua_Integer limit = luaL_checkinteger(lua, 2), offset = luaL_optinteger(lua, 3, 0);
  return Unpack(lua, {limit, offset, limit == 0 && offset == 0});
}

}  // namespace

int OpenCmsgpack(lua_State* lua) {
  static constexpr luaL_Reg kFunctions[] = {
      {"pack", PackCommand}, {"unpack", UnpackAll}, {"unpack_one", UnpackOne}, {"unpack_limit", UnpackLimit}};
  lua_newtable(lua);
  for (const luaL_Reg& entry : kFunctions) {
    lua_pushcfunction(lua, entry.func);
    lua_setfield(lua, -2, entry.name);
  }
  lua_pushstring(lua, "cmsgpack");
  lua_setfield(lua, -2, "_NAME");
  lua_pushstring(lua, "lua-cmsgpack 0.4.0");
  lua_setfield(lua, -2, "_VERSION");
  lua_pushstring(lua, "MessagePack for Lua");
  lua_setfield(lua, -2, "_DESCRIPTION");
  return 1;
}

}  // namespace windlass::scripting
