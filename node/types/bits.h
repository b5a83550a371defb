// Strings as rows of bits: counting, searching and combining them a word at a time.
// Bit 0 is the most significant bit of the first byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace windlass::types {

// Both ends belong to it. Empty if last < first.
struct BitRange {
  int64_t first;
  int64_t last;
};

inline bool BitAt(std::string_view bytes, size_t bit) {
  const size_t byte = bit / 8;
  return byte < bytes.size() && (static_cast<uint8_t>(bytes[byte]) >> (7 - bit % 8) & 1) != 0;
}

// REQUIRES: the range lies within the bytes.
int64_t CountOnes(std::string_view bytes, BitRange range);
// The first bit of that value in the range. REQUIRES: as above.
std::optional<int64_t> FindBit(std::string_view bytes, bool value, BitRange range);

enum class BitOperation { kAnd, kOr, kXor, kNot };
// Shorter sources count as filled up with zeros. REQUIRES: `out` is as long as the
// longest source and overlaps none; one source for kNot.
void CombineBits(BitOperation operation, std::span<const std::string_view> sources, std::span<char> out);

}  // namespace windlass::types
