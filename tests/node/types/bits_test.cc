// Rows of bits and integers inside them, against one bit at a time.
#include "node/types/bits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "node/types/bitfield.h"

namespace windlass::types {
namespace {

std::string RandomBytes(std::mt19937* random, size_t size) {
  std::string bytes(size, '\0');
  const int kind = static_cast<int>((*random)() % 4);
  for (char& byte : bytes) {
    byte = static_cast<char>(kind == 0 ? 0 : kind == 1 ? 0xff : (*random)());
  }
  if (size != 0 && kind < 2) bytes[(*random)() % size] ^= static_cast<char>(1 << (*random)() % 8);
  return bytes;
}

TEST(BitsTest, CountsAndFindsAsOneLookingAtEachBit) {
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    const std::string bytes = RandomBytes(&random, 1 + random() % 90);
    const int64_t total = static_cast<int64_t>(bytes.size()) * 8;
    int64_t first = random() % total;
    int64_t last = random() % total;
    if (first > last) std::swap(first, last);
    int64_t ones = 0;
    std::optional<int64_t> found[2];
    for (int64_t bit = first; bit <= last; ++bit) {
      const bool value = BitAt(bytes, static_cast<size_t>(bit));
      ones += value ? 1 : 0;
      if (!found[value]) found[value] = bit;
    }
    ASSERT_EQ(CountOnes(bytes, {first, last}), ones);
    ASSERT_EQ(FindBit(bytes, false, {first, last}), found[0]);
    ASSERT_EQ(FindBit(bytes, true, {first, last}), found[1]);
  }
}

TEST(BitsTest, AnEmptyRangeHoldsNothing) {
  EXPECT_EQ(CountOnes("abc", {5, 4}), 0);
  EXPECT_EQ(FindBit("abc", true, {5, 4}), std::nullopt);
}

bool Combined(BitOperation operation, const std::vector<std::string>& sources, size_t bit) {
  bool value = BitAt(sources[0], bit);
  if (operation == BitOperation::kNot) return !value;
  for (size_t i = 1; i < sources.size(); ++i) {
    const bool other = BitAt(sources[i], bit);
    if (operation == BitOperation::kAnd) value = value && other;
    if (operation == BitOperation::kOr) value = value || other;
    if (operation == BitOperation::kXor) value = value != other;
  }
  return value;
}

TEST(BitsTest, CombinesSourcesOfDifferentLengths) {
  std::mt19937 random(5);
  for (int round = 0; round < 600; ++round) {
    const auto operation = static_cast<BitOperation>(random() % 4);
    std::vector<std::string> sources(operation == BitOperation::kNot ? 1 : 1 + random() % 4);
    // Now and then longer than what is combined in one go.
    for (std::string& source : sources) source = RandomBytes(&random, random() % (round % 50 == 0 ? 40000 : 100));
    size_t longest = 0;
    for (const std::string& source : sources) longest = std::max(longest, source.size());
    std::string out(longest, 'x');
    const std::vector<std::string_view> views(sources.begin(), sources.end());
    CombineBits(operation, views, out);
    for (size_t bit = 0; bit < longest * 8; ++bit) {
      ASSERT_EQ(BitAt(out, bit), Combined(operation, sources, bit)) << "bit " << bit << " of " << longest * 8;
    }
  }
}

TEST(BitfieldTest, HoldsWhatWasWrittenAndTouchesNothingElse) {
  std::mt19937_64 random(7);
  std::string bytes(40, '\0');
  for (int round = 0; round < 50000; ++round) {
    const BitfieldType type{random() % 2 == 0, 1 + static_cast<int>(random() % 63)};
    const size_t bit = random() % (bytes.size() * 8 - static_cast<size_t>(type.bits));
    const std::string before = bytes;
    const auto value = AddToBitfield(type, static_cast<int64_t>(random()), 0, BitfieldOverflow::kWrap);
    WriteBitfield(bytes, bit, type, *value);
    ASSERT_EQ(ReadBitfield(bytes, bit, type), *value);
    for (size_t i = 0; i < bytes.size() * 8; ++i) {
      if (i >= bit && i < bit + static_cast<size_t>(type.bits)) continue;
      ASSERT_EQ(BitAt(bytes, i), BitAt(before, i)) << i;
    }
  }
}

TEST(BitfieldTest, ReadsZerosBehindTheEnd) {
  EXPECT_EQ(ReadBitfield("\xff", 4, {false, 8}), 0xf0);
  EXPECT_EQ(ReadBitfield("\xff", 4, {true, 8}), -16);
  EXPECT_EQ(ReadBitfield("\xff", 800, {true, 64}), 0);
  EXPECT_EQ(ReadBitfield("", 0, {false, 63}), 0);
}

TEST(BitfieldTest, OverflowWrapsSaturatesOrFails) {
  const BitfieldType u2{false, 2};
  EXPECT_EQ(AddToBitfield(u2, 3, 1, BitfieldOverflow::kWrap), 0);
  EXPECT_EQ(AddToBitfield(u2, 3, 1, BitfieldOverflow::kSaturate), 3);
  EXPECT_EQ(AddToBitfield(u2, 0, -1, BitfieldOverflow::kSaturate), 0);
  EXPECT_EQ(AddToBitfield(u2, -1, 0, BitfieldOverflow::kSaturate), 3) << "SET of a negative number";
  EXPECT_EQ(AddToBitfield(u2, 3, 1, BitfieldOverflow::kFail), std::nullopt);
  const BitfieldType i8{true, 8};
  EXPECT_EQ(AddToBitfield(i8, 127, 1, BitfieldOverflow::kWrap), -128);
  EXPECT_EQ(AddToBitfield(i8, -128, -1, BitfieldOverflow::kSaturate), -128);
  EXPECT_EQ(AddToBitfield(i8, 300, 0, BitfieldOverflow::kWrap), 44);
  const BitfieldType i64{true, 64};
  EXPECT_EQ(AddToBitfield(i64, INT64_MAX, 1, BitfieldOverflow::kWrap), INT64_MIN);
  EXPECT_EQ(AddToBitfield(i64, INT64_MIN, INT64_MIN, BitfieldOverflow::kSaturate), INT64_MIN);
  EXPECT_EQ(AddToBitfield(i64, INT64_MAX, INT64_MIN, BitfieldOverflow::kFail), -1);
}

TEST(BitfieldTest, TypesHaveAWidth) {
  EXPECT_EQ(ParseBitfieldType("i64")->bits, 64);
  EXPECT_EQ(ParseBitfieldType("u63")->bits, 63);
  for (const char* bad : {"u64", "i65", "u0", "i", "", "x8", "u08", "u-1", "8", "U8"}) {
    EXPECT_FALSE(ParseBitfieldType(bad)) << bad;
  }
}

}  // namespace
}  // namespace windlass::types
