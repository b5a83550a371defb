// The runs of a sparse HyperLogLog, one by one. See hyperloglog.h for their form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace windlass::types {

inline constexpr int kHllMaxShortZeros = 64;
inline constexpr int kHllMaxZeros = 16384;
inline constexpr int kHllMaxRunValue = 32;
inline constexpr int kHllMaxRunLength = 4;  // of registers that are not zero

struct HllRun {
  int value;   // of its registers
  int length;  // how many they are
  int bytes;   // how long the run is
};

// The run that begins at `at`. REQUIRES: at < bytes.size(). A run cut off at the end of
// the bytes reads as if a zero byte followed.
inline HllRun HllRunAt(std::string_view bytes, size_t at) {
  const uint8_t first = static_cast<uint8_t>(bytes[at]);
  if ((first & 0x80) != 0) return {(first >> 2 & 0x1f) + 1, (first & 3) + 1, 1};
  if ((first & 0x40) == 0) return {0, (first & 0x3f) + 1, 1};
  const uint8_t second = at + 1 < bytes.size() ? static_cast<uint8_t>(bytes[at + 1]) : 0;
  return {0, ((first & 0x3f) << 8 | second) + 1, 2};
}

// Writes a run in its shortest form; the number of bytes written, at most two.
inline int WriteHllRun(char* at, int value, int length) {
  if (value != 0) {
    at[0] = static_cast<char>(0x80 | (value - 1) << 2 | (length - 1));
    return 1;
  }
  if (length <= kHllMaxShortZeros) {
    at[0] = static_cast<char>(length - 1);
    return 1;
  }
  at[0] = static_cast<char>(0x40 | (length - 1) >> 8);
  at[1] = static_cast<char>(length - 1);
  return 2;
}

}  // namespace windlass::types
