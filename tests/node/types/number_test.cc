// Numbers in text, and the blob that long strings live in.
#include "node/types/number.h"

#include <gtest/gtest.h>

#include <cstring>

#include "node/types/blob.h"

namespace windlass::types {
namespace {

TEST(ParseInteger, TakesOnlyCanonicalDecimal) {
  EXPECT_EQ(ParseInteger("0"), 0);
  EXPECT_EQ(ParseInteger("-1"), -1);
  EXPECT_EQ(ParseInteger("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(ParseInteger("-9223372036854775808"), INT64_MIN);
  for (const char* text : {"", "-", "+1", "01", "-0", "00", " 1", "1 ", "1.0", "0x1", "9223372036854775808",
                           "-9223372036854775809", "99999999999999999999", "18446744073709551616"}) {
    EXPECT_EQ(ParseInteger(text), std::nullopt) << text;
  }
}

TEST(FormatInteger, WritesTheExtremes) {
  char buffer[kMaxIntegerDigits];
  EXPECT_EQ(std::string(buffer, FormatInteger(INT64_MIN, buffer)), "-9223372036854775808");
  EXPECT_EQ(std::string(buffer, FormatInteger(0, buffer)), "0");
}

TEST(LongDouble, ReadsNumbersAndRefusesTheRest) {
  EXPECT_EQ(ParseLongDouble("3.0e2"), 300.0L);
  EXPECT_EQ(ParseLongDouble("-.5"), -0.5L);
  for (const char* text : {"", " 1", "1 ", "abc", "nan", "1e99999", "--1"}) {
    EXPECT_FALSE(ParseLongDouble(text).has_value()) << text;
  }
}

TEST(LongDouble, PrintsWithoutExponentOrTrailingZeros) {
  EXPECT_EQ(FormatLongDouble(300.0L), "300");
  EXPECT_EQ(FormatLongDouble(10.6L), "10.6");
  EXPECT_EQ(FormatLongDouble(-0.0L), "0");
  EXPECT_EQ(FormatLongDouble(1e20L), "100000000000000000000");
}

TEST(Blob, KeepsItsBytesWhenItGrowsAndZeroesTheNew) {
  Blob* blob = Blob::Create("hello");
  blob = Blob::Resize(blob, 5000);
  ASSERT_EQ(blob->size(), 5000u);
  EXPECT_EQ(blob->view().substr(0, 6), std::string_view("hello\0", 6));
  EXPECT_EQ(blob->view().find_first_not_of('\0', 5), std::string_view::npos);
  blob = Blob::Resize(blob, 3);
  blob = Blob::Resize(blob, 6);
  EXPECT_EQ(blob->view(), std::string_view("hel\0\0\0", 6));
  Blob::Destroy(blob);
}

}  // namespace
}  // namespace windlass::types
