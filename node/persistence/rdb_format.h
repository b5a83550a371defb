// The numbers of the RDB format: versions, opcodes, value types, length and
// string encodings. Integers of lengths are big-endian, all others little-endian.
#pragma once

#include <cstdint>
#include <string_view>

namespace windlass::persistence {

inline constexpr int kRdbWrittenVersion = 10;  // what Redis 7.0 and every later peer can read
inline constexpr int kRdbNewestReadable = 11;  // all of its types and opcodes are known
// Files of later servers are read as far as they hold nothing but what is known.
inline constexpr int kRdbNewestTried = 80;
inline constexpr std::string_view kRdbMagic = "REDIS";
inline constexpr std::string_view kRdbValkeyMagic = "VALKEY";  // from version 80 on, with three digits
inline constexpr size_t kRdbHeaderSize = 9;  // the magic and the version's digits
inline constexpr size_t kRdbChecksumSize = 8;

enum class RdbOpcode : uint8_t {
  kSlotInfo = 244,  // how many keys a slot has, from Redis 7.4
  kFunction2 = 245,
  kFunctionPreRelease = 246,
  kModuleAux = 247,
  kIdle = 248,
  kFreq = 249,
  kAux = 250,
  kResizeDb = 251,
  kExpireTimeMs = 252,
  kExpireTime = 253,
  kSelectDb = 254,
  kEof = 255,
};
inline constexpr uint8_t kRdbFirstOpcode = 244;  // smaller numbers are value types

enum class RdbType : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kZset = 3,
  kHash = 4,
  kZset2 = 5,
  kModulePreRelease = 6,
  kModule2 = 7,
  kHashZipmap = 9,
  kListZiplist = 10,
  kSetIntset = 11,
  kZsetZiplist = 12,
  kHashZiplist = 13,
  kListQuicklist = 14,
  kStreamListpacks = 15,
  kHashListpack = 16,
  kZsetListpack = 17,
  kListQuicklist2 = 18,
  kStreamListpacks2 = 19,
  kSetListpack = 20,
  kStreamListpacks3 = 21,
};

// The user's word for a value type, for messages; empty if there is no such type.
std::string_view RdbTypeName(uint8_t type);
// What a type is that later servers write and this one cannot hold; empty if unknown.
std::string_view RdbLaterTypeName(uint8_t type);

// The low six bits of a length byte whose two high bits are set.
enum class RdbStringEncoding : uint8_t { kInt8 = 0, kInt16 = 1, kInt32 = 2, kLzf = 3 };

// What follows an opcode inside a module's auxiliary data.
enum class RdbModuleOpcode : uint8_t { kEof = 0, kSigned = 1, kUnsigned = 2, kFloat = 3, kDouble = 4, kString = 5 };

}  // namespace windlass::persistence
