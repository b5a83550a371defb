// Bit operations on arbitrary bytes, with arbitrary ranges and fields: the first 24 bytes
// say what, the rest is the string. Each result is checked against one bit at a time.
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "node/types/bitfield.h"
#include "node/types/bits.h"
#include "tests/fuzz/input.h"

namespace {

using namespace windlass::types;

constexpr size_t kChoices = 24;

void CheckRange(std::string_view bytes, uint32_t a, uint32_t b) {
  const int64_t total = static_cast<int64_t>(bytes.size()) * 8;
  if (total == 0) return;
  const BitRange range{std::min(a % total, b % total), std::max(a % total, b % total)};
  int64_t ones = 0;
  int64_t first[2] = {-1, -1};
  for (int64_t bit = range.first; bit <= range.last; ++bit) {
    const bool value = BitAt(bytes, static_cast<size_t>(bit));
    ones += value ? 1 : 0;
    if (first[value] < 0) first[value] = bit;
  }
  Require(CountOnes(bytes, range) == ones);
  Require(FindBit(bytes, false, range).value_or(-1) == first[0]);
  Require(FindBit(bytes, true, range).value_or(-1) == first[1]);
}

void CheckCombination(BitOperation operation, std::string_view bytes, size_t cut) {
  cut = bytes.empty() ? 0 : cut % bytes.size();
  const std::vector<std::string_view> sources = operation == BitOperation::kNot
                                                    ? std::vector<std::string_view>{bytes}
                                                    : std::vector<std::string_view>{bytes.substr(0, cut), bytes.substr(cut)};
  std::string out(operation == BitOperation::kNot ? bytes.size() : std::max(cut, bytes.size() - cut), 'x');
  CombineBits(operation, sources, out);
  for (size_t bit = 0; bit < out.size() * 8; ++bit) {
    const bool a = BitAt(sources[0], bit);
    const bool b = BitAt(sources.back(), bit);
    const bool expected = operation == BitOperation::kAnd   ? a && b
                          : operation == BitOperation::kOr  ? a || b
                          : operation == BitOperation::kXor ? a != b
                                                            : !a;
    Require(BitAt(out, bit) == expected);
  }
}

void CheckField(std::string bytes, uint32_t where, BitfieldType type, int64_t value, int64_t change) {
  for (const auto overflow : {BitfieldOverflow::kWrap, BitfieldOverflow::kSaturate, BitfieldOverflow::kFail}) {
    const auto sum = AddToBitfield(type, value, change, overflow);
    Require(sum.has_value() || overflow == BitfieldOverflow::kFail);
    const size_t bit = where % 4096;
    (void)ReadBitfield(bytes, bit, type);
    if (!sum || bit + static_cast<size_t>(type.bits) > bytes.size() * 8) continue;
    const std::string before = bytes;
    WriteBitfield(bytes, bit, type, *sum);
    Require(ReadBitfield(bytes, bit, type) == *sum);
    for (size_t i = 0; i < bytes.size() * 8; ++i) {
      if (i < bit || i >= bit + static_cast<size_t>(type.bits)) Require(BitAt(bytes, i) == BitAt(before, i));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kChoices || size > 4096) return 0;
  uint32_t numbers[2];
  int64_t values[2];
  std::memcpy(numbers, data, sizeof(numbers));
  std::memcpy(values, data + sizeof(numbers), sizeof(values));
  const std::string bytes(reinterpret_cast<const char*>(data) + kChoices, size - kChoices);
  CheckRange(bytes, numbers[0], numbers[1]);
  CheckCombination(static_cast<BitOperation>(numbers[0] % 4), bytes, numbers[1]);
  const bool is_signed = (numbers[1] & 1) != 0;
  CheckField(bytes, numbers[0], {is_signed, 1 + static_cast<int>(numbers[1] / 2 % (is_signed ? 64 : 63))}, values[0], values[1]);
  return 0;
}
