// The struct library: fixed binary layouts for scripts, by a format string.
//
//   >  <  =   big, little, native order      !n   alignment (default 8)     blank  nothing
//   b B h H l L T i[n] I[n]   integers       f d  floating point           x      a zero byte
//   s   a string and its zero                cn   a string of n bytes; c0: of the length
//                                                 that was read before, or as long as it is
#include <cctype>
#include <cstdint>
#include <cstring>
#include <string>

#include "node/scripting/libraries.h"
#include "node/scripting/lua_api.h"

namespace windlass::scripting {
namespace {

constexpr size_t kMaxInteger = 32;  // bytes
constexpr size_t kMaxSize = size_t{1} << 30;

struct Field {
  char option;
  size_t size;
};

// Goes through a format.
class Format {
 public:
  Format(lua_State* lua, const char* text) : lua_(lua), at_(text) {}

  bool little() const { return little_; }

  // The next field that takes room; false at the end.
  bool Next(Field* field) {
    while (*at_ != '\0') {
      const char option = *at_++;
      switch (option) {
        case '>': little_ = false; continue;
        case '<': little_ = true; continue;
        case '=': little_ = true; continue;  // the machines this runs on
        case ' ': continue;
        case '!': {
          const size_t align = Count(8);
          if (align == 0 || (align & (align - 1)) != 0) luaL_error(lua_, "alignment is not a power of 2");
          max_align_ = align;
          continue;
        }
        default:
          *field = {option, SizeOf(option)};
          return true;
      }
    }
    return false;
  }

  // Bytes of padding before the field at position `total`.
  size_t Padding(const Field& field, size_t total) const {
    size_t align = field.size;
    if (align == 0 || field.option == 'c') return 0;
    if (align > max_align_) align = max_align_;
    return align > 1 ? (align - (total & (align - 1))) & (align - 1) : 0;
  }

 private:
  size_t Count(size_t fallback) {
    if (std::isdigit(static_cast<unsigned char>(*at_)) == 0) return fallback;
    size_t n = 0;
    while (std::isdigit(static_cast<unsigned char>(*at_)) != 0) {
      n = n * 10 + static_cast<size_t>(*at_++ - '0');
      if (n > kMaxSize) luaL_error(lua_, "integral size overflow");
    }
    return n;
  }

  size_t SizeOf(char option) {
    switch (option) {
      case 'B': case 'b': case 'x': return 1;
      case 'H': case 'h': return sizeof(short);
      case 'L': case 'l': return sizeof(long);
      case 'T': return sizeof(size_t);
      case 'f': return sizeof(float);
      case 'd': return sizeof(double);
      case 'c': return Count(1);
      case 'i': case 'I': {
        const size_t size = Count(sizeof(int));
        if (size > kMaxInteger) {
          luaL_error(lua_, "integral size %d is larger than limit of %d", static_cast<int>(size),
                     static_cast<int>(kMaxInteger));
        }
        return size;
      }
      case 's': return 0;
      default: luaL_argerror(lua_, 1, lua_pushfstring(lua_, "invalid format option '%c'", option));
    }
    return 0;
  }

  lua_State* lua_;
  const char* at_;
  bool little_ = true;
  size_t max_align_ = 1;
};

void PutInteger(std::string* out, uint64_t value, size_t size, bool little, bool negative) {
  const size_t begin = out->size();
  out->append(size, negative ? '\xff' : '\0');
  for (size_t i = 0; i < size && i < sizeof value; ++i) {
    (*out)[little ? begin + i : begin + size - 1 - i] = static_cast<char>(value >> (8 * i));
  }
}

uint64_t IntegerFrom(std::string_view bytes, bool little) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size() && i < sizeof value; ++i) {
    const char byte = little ? bytes[i] : bytes[bytes.size() - 1 - i];
    value |= static_cast<uint64_t>(static_cast<unsigned char>(byte)) << (8 * i);
  }
  return value;
}

template <typename Float, typename Bits>
Bits BitsOf(Float value) {
  Bits bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

int Pack(lua_State* lua) {
  Format format(lua, luaL_checkstring(lua, 1));
  std::string out;
  int argument = 2;
  Field field;
  while (format.Next(&field)) {
    out.append(format.Padding(field, out.size()), '\0');
    switch (field.option) {
      case 'x':
        out.push_back('\0');
        break;
      case 'f':
        PutInteger(&out, BitsOf<float, uint32_t>(static_cast<float>(luaL_checknumber(lua, argument++))), field.size,
                   format.little(), false);
        break;
      case 'd':
        PutInteger(&out, BitsOf<double, uint64_t>(luaL_checknumber(lua, argument++)), field.size, format.little(), false);
        break;
      case 'c': case 's': {
        size_t length;
        const char* text = luaL_checklstring(lua, argument++, &length);
        const size_t size = field.size == 0 ? length : field.size;
        luaL_argcheck(lua, length >= size, argument - 1, "string too short");
        out.append(text, size);
        if (field.option == 's') out.push_back('\0');
        break;
      }
      default: {
        const lua_Number number = luaL_checknumber(lua, argument++);
        const uint64_t value = number < 0 ? static_cast<uint64_t>(static_cast<int64_t>(number))
                                          : static_cast<uint64_t>(number);
        PutInteger(&out, value, field.size, format.little(), number < 0);
      }
    }
  }
  PushText(lua, out);
  return 1;
}

lua_Number SignedFrom(uint64_t value, size_t size) {
  if (size < sizeof value) {
    const uint64_t sign = uint64_t{1} << (size * 8 - 1);
    return static_cast<lua_Number>(static_cast<int64_t>((value ^ sign) - sign));
  }
  return static_cast<lua_Number>(static_cast<int64_t>(value));
}

int Unpack(lua_State* lua) {
  Format format(lua, luaL_checkstring(lua, 1));
  size_t length;
  const char* bytes = luaL_checklstring(lua, 2, &length);
  const lua_Integer start = luaL_optinteger(lua, 3, 1);
  luaL_argcheck(lua, start > 0, 3, "offset must be 1 or greater");
  size_t position = static_cast<size_t>(start) - 1;
  const std::string_view data(bytes, length);
  int results = 0;
  Field field;
  while (format.Next(&field)) {
    position += format.Padding(field, position);
    luaL_argcheck(lua, position <= length && field.size <= length - position, 2, "data string too short");
    luaL_checkstack(lua, 2, "too many results");
    size_t size = field.size;
    switch (field.option) {
      case 'x':
        break;
      case 'f': {
        const uint32_t bits = static_cast<uint32_t>(IntegerFrom(data.substr(position, size), format.little()));
        float value;
        std::memcpy(&value, &bits, sizeof value);
        lua_pushnumber(lua, static_cast<double>(value));
        ++results;
        break;
      }
      case 'd': {
        const uint64_t bits = IntegerFrom(data.substr(position, size), format.little());
        double value;
        std::memcpy(&value, &bits, sizeof value);
        lua_pushnumber(lua, value);
        ++results;
        break;
      }
      case 'c':
        if (size == 0) {
          if (results == 0 || lua_isnumber(lua, -1) == 0) return luaL_error(lua, "format 'c0' needs a previous size");
          const lua_Number count = lua_tonumber(lua, -1);
          lua_pop(lua, 1);
          --results;
          luaL_argcheck(lua, count >= 0 && count <= static_cast<lua_Number>(length - position), 2, "data string too short");
          size = static_cast<size_t>(count);
        }
        PushText(lua, data.substr(position, size));
        ++results;
        break;
      case 's': {
        const size_t end = data.find('\0', position);
        if (end == std::string_view::npos) return luaL_error(lua, "unfinished string in data");
        PushText(lua, data.substr(position, end - position));
        size = end - position + 1;
        ++results;
        break;
      }
      default: {
        const uint64_t value = IntegerFrom(data.substr(position, size), format.little());
        const bool is_signed = std::islower(static_cast<unsigned char>(field.option)) != 0;
        lua_pushnumber(lua, is_signed ? SignedFrom(value, size) : static_cast<lua_Number>(value));
        ++results;
      }
    }
    position += size;
  }
  lua_pushnumber(lua, static_cast<lua_Number>(position + 1));
  return results + 1;
}

int Size(lua_State* lua) {
  Format format(lua, luaL_checkstring(lua, 1));
  size_t position = 0;
  Field field;
  while (format.Next(&field)) {
    if (field.option == 's' || (field.option == 'c' && field.size == 0)) {
      luaL_argerror(lua, 1, field.option == 's' ? "option 's' has no fixed size" : "option 'c0' has no fixed size");
    }
    position += format.Padding(field, position) + field.size;
    if (position > kMaxSize) luaL_error(lua, "integral size overflow");
  }
  lua_pushnumber(lua, static_cast<lua_Number>(position));
  return 1;
}

}  // namespace

int OpenStruct(lua_State* lua) {
  lua_newtable(lua);
  lua_pushcfunction(lua, Pack);
  lua_setfield(lua, -2, "pack");
  lua_pushcfunction(lua, Unpack);
  lua_setfield(lua, -2, "unpack");
  lua_pushcfunction(lua, Size);
  lua_setfield(lua, -2, "size");
  return 1;
}

}  // namespace windlass::scripting
