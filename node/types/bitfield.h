// Integers of 1 to 64 bits at any bit of a string, most significant bit first, and
// what becomes of them when they overflow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace windlass::types {

// i1 to i64, u1 to u63.
struct BitfieldType {
  bool is_signed = false;
  int bits = 0;
};
std::optional<BitfieldType> ParseBitfieldType(std::string_view text);

// Bits behind the end of the string read as zero.
int64_t ReadBitfield(std::string_view bytes, size_t bit, BitfieldType type);
// REQUIRES: all its bits lie within the bytes.
void WriteBitfield(std::span<char> bytes, size_t bit, BitfieldType type, int64_t value);

enum class BitfieldOverflow { kWrap, kSaturate, kFail };
// value + change as this type can hold it; nothing if it cannot and that means failure.
// `value` of an unsigned type is taken modulo 2^64.
std::optional<int64_t> AddToBitfield(BitfieldType type, int64_t value, int64_t change, BitfieldOverflow overflow);

}  // namespace windlass::types
