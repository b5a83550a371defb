// The struct library: fixed binary layouts for scripts, by a format string.
//
//   >  <      big, little (default) order     !n   alignment (default 8)     blank  nothing
//   b B h H l L T i[n] I[n]   integers       f d  floating point           x      a zero byte
//   s   a string and its zero                cn   a string of n bytes; c0: of the length
//                                                 that was read before, or as long as it is
#include <cctype>
#include <climits>
#include <cstdint>
#include <cstring>
#include <string>

#include "node/scripting/libraries.h"
#include "node/scripting/lua_api.h"

namespace windlass::scripting {
namespace {

constexpr int kMaxInteger = 32;  // bytes
constexpr int kMaxAlignment = 8;

// One character of a format with the count behind it; of those that take no room the
// size is 0.
struct Field {
  char option;
  size_t size;
};

// Goes through a format.
class Format {
 public:
  Format(lua_State* lua, const char* text) : lua_(lua), at_(text) {}

  bool little() const { return little_; }

  // The next character; false at the end.
  bool Next(Field* field) {
    if (*at_ == '\0') return false;
    const char option = *at_++;
    *field = {option, SizeOf(option)};
    return true;
  }

  // Bytes of padding before the field at position `total`.
  size_t Padding(const Field& field, size_t total) const {
    if (field.size == 0 || field.option == 'c') return 0;
    const size_t align = field.size > alignment_ ? alignment_ : field.size;
    return (align - (total & (align - 1))) & (align - 1);
  }

  // What is no field: a setting, or an error.
  void Control(char option) {
    switch (option) {
      case ' ': return;
      case '>': little_ = false; return;
      case '<': little_ = true; return;
      case '!': {
        const int alignment = Count(kMaxAlignment);
        if (alignment <= 0 || (alignment & (alignment - 1)) != 0) {
          luaL_error(lua_, "alignment %d is not a power of 2", alignment);
        }
        alignment_ = static_cast<size_t>(alignment);
        return;
      }
      default: luaL_argerror(lua_, 1, lua_pushfstring(lua_, "invalid format option '%c'", option));
    }
  }

 private:
  int Count(int fallback) {
    if (std::isdigit(static_cast<unsigned char>(*at_)) == 0) return fallback;
    int n = 0;
    while (std::isdigit(static_cast<unsigned char>(*at_)) != 0) {
      const int digit = *at_++ - '0';
      if (n > (INT_MAX - digit) / 10) luaL_error(lua_, "integral size overflow");
      n = n * 10 + digit;
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
      case 'c': return static_cast<size_t>(Count(1));
      case 'i': case 'I': {
        const int size = Count(sizeof(int));
        if (size > kMaxInteger) luaL_error(lua_, "integral size %d is larger than limit of %d", size, kMaxInteger);
        return static_cast<size_t>(size);
      }
      default: return 0;
    }
  }

  lua_State* lua_;
  const char* at_;
  bool little_ = true;
  size_t alignment_ = 1;
};

bool IsInteger(char option) { return option != '\0' && std::strchr("bBhHlLTiI", option) != nullptr; }

// Bytes beyond eight are zero, whatever the sign.
void PutInteger(std::string* out, uint64_t value, size_t size, bool little) {
  const size_t begin = out->size();
  out->append(size, '\0');
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

template <typename To, typename From>
To BitCast(From value) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &value, sizeof to);
  return to;
}

void PackText(lua_State* lua, int argument, const Field& field, std::string* out) {
  size_t length;
  const char* text = luaL_checklstring(lua, argument, &length);
  const size_t size = field.size == 0 ? length : field.size;
  luaL_argcheck(lua, length >= size, argument + 1, "string too short");  // one further than it is: so clients know it
  out->append(text, size);
  if (field.option == 's') out->push_back('\0');
}

int Pack(lua_State* lua) {
  Format format(lua, luaL_checkstring(lua, 1));
  lua_pushnil(lua);  // an argument that is missing reads as nil
  std::string out;
  int argument = 2;
  Field field;
  while (format.Next(&field)) {
    out.append(format.Padding(field, out.size()), '\0');
    if (IsInteger(field.option)) {
      const lua_Number number = luaL_checknumber(lua, argument++);
      const uint64_t value = number < 0 ? static_cast<uint64_t>(static_cast<int64_t>(number))
                                        : static_cast<uint64_t>(number);
      PutInteger(&out, value, field.size, format.little());
    } else if (field.option == 'x') {
      out.push_back('\0');
    } else if (field.option == 'f') {
      const float value = static_cast<float>(luaL_checknumber(lua, argument++));
      PutInteger(&out, BitCast<uint32_t>(value), field.size, format.little());
    } else if (field.option == 'd') {
      PutInteger(&out, BitCast<uint64_t>(luaL_checknumber(lua, argument++)), field.size, format.little());
    } else if (field.option == 'c' || field.option == 's') {
      PackText(lua, argument++, field, &out);
    } else {
      format.Control(field.option);
    }
  }
  PushText(lua, out);
  return 1;
}

lua_Number SignedFrom(uint64_t value, size_t size) {
  const uint64_t sign = ~uint64_t{0} << ((size * 8 - 1) & 63);
  return static_cast<lua_Number>(static_cast<int64_t>((value & sign) != 0 ? value | sign : value));
}

// Reads fields and counts what it pushes.
class Unpacker {
 public:
  Unpacker(lua_State* lua, std::string_view data, size_t position) : lua_(lua), data_(data), position_(position) {}

  int Run(Format format) {
    Field field;
    while (format.Next(&field)) {
      position_ += format.Padding(field, position_);
      RequireBytes(field.size);
      luaL_checkstack(lua_, 2, "too many results");
      if (field.option == 'c') {
        ReadCounted(field.size);
      } else if (field.option == 's') {
        ReadTerminated();
      } else {
        if (IsInteger(field.option) || field.option == 'f' || field.option == 'd') {
          ReadNumber(field, format.little());
        } else if (field.option != 'x') {
          format.Control(field.option);
        }
        position_ += field.size;
      }
    }
    lua_pushinteger(lua_, static_cast<lua_Integer>(position_ + 1));
    return results_ + 1;
  }

 private:
  void RequireBytes(size_t size) {
    luaL_argcheck(lua_, size <= data_.size() && position_ <= data_.size() - size, 2, "data string too short");
  }

  void ReadNumber(const Field& field, bool little) {
    const uint64_t bits = IntegerFrom(data_.substr(position_, field.size), little);
    lua_Number value;
    if (field.option == 'f') {
      value = static_cast<lua_Number>(BitCast<float>(static_cast<uint32_t>(bits)));
    } else if (field.option == 'd') {
      value = BitCast<double>(bits);
    } else {
      const bool is_signed = std::islower(static_cast<unsigned char>(field.option)) != 0;
      value = is_signed ? SignedFrom(bits, field.size) : static_cast<lua_Number>(bits);
    }
    lua_pushnumber(lua_, value);
    ++results_;
  }

  void ReadCounted(size_t size) {
    if (size == 0) {
      if (results_ == 0 || lua_isnumber(lua_, -1) == 0) luaL_error(lua_, "format 'c0' needs a previous size");
      const lua_Number count = lua_tonumber(lua_, -1);
      lua_pop(lua_, 1);
      --results_;
      luaL_argcheck(lua_, count > -1 && count <= static_cast<lua_Number>(data_.size()), 2, "data string too short");
      size = static_cast<size_t>(count);
      RequireBytes(size);
    }
    PushText(lua_, data_.substr(position_, size));
    ++results_;
    position_ += size;
  }

  void ReadTerminated() {
    const size_t end = data_.find('\0', position_);
    if (end == std::string_view::npos) luaL_error(lua_, "unfinished string in data");
    PushText(lua_, data_.substr(position_, end - position_));
    ++results_;
    position_ = end + 1;
  }

  lua_State* lua_;
  std::string_view data_;
  size_t position_;
  int results_ = 0;
};

int Unpack(lua_State* lua) {
  const char* format = luaL_checkstring(lua, 1);
  size_t length;
  const char* bytes = luaL_checklstring(lua, 2, &length);
  const size_t start = static_cast<size_t>(luaL_optinteger(lua, 3, 1));
  luaL_argcheck(lua, start > 0, 3, "offset must be 1 or greater");
  return Unpacker(lua, std::string_view(bytes, length), start - 1).Run(Format(lua, format));
}

// Letters that are no fields take no room here.
int Size(lua_State* lua) {
  Format format(lua, luaL_checkstring(lua, 1));
  size_t position = 0;
  Field field;
  while (format.Next(&field)) {
    position += format.Padding(field, position);
    if (field.option == 's') luaL_argerror(lua, 1, "option 's' has no fixed size");
    if (field.option == 'c' && field.size == 0) luaL_argerror(lua, 1, "option 'c0' has no fixed size");
    if (std::isalnum(static_cast<unsigned char>(field.option)) == 0) format.Control(field.option);
    position += field.size;
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
