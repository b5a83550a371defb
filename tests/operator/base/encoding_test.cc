// Base64, SHA-256, passwords and times against values known from elsewhere.
#include "operator/base/encoding.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "operator/base/time.h"

namespace windlass::base {
namespace {

TEST(Encoding, Base64RoundTripsEveryRemainder) {
  EXPECT_EQ(Base64Encode("Man"), "TWFu");
  EXPECT_EQ(Base64Encode("Ma"), "TWE=");
  EXPECT_EQ(Base64Encode("M"), "TQ==");
  for (const std::string text : {"", "M", "Ma", "Man", "Many"}) EXPECT_EQ(Base64Decode(Base64Encode(text)), text);
  EXPECT_EQ(Base64Decode("TW\nFu\n"), "Man");
  EXPECT_THROW(Base64Decode("%%%%"), std::invalid_argument);
}

TEST(Encoding, Sha256OfAbc) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Encoding, PasswordsDiffer) {
  const std::string first = RandomPassword(24);
  EXPECT_EQ(first.size(), 24u);
  EXPECT_NE(first, RandomPassword(24));
}

TEST(Time, Rfc3339RoundTrips) {
  EXPECT_EQ(Rfc3339(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(Rfc3339Micro(1500), "1970-01-01T00:00:01.500000Z");
  EXPECT_EQ(ParseRfc3339("1970-01-01T00:00:01.500000Z"), 1500);
  EXPECT_EQ(ParseRfc3339(Rfc3339(1790000000000)), 1790000000000);
  EXPECT_FALSE(ParseRfc3339("yesterday").has_value());
  EXPECT_FALSE(ParseRfc3339("1970-01-01T00:00:00+02:00").has_value());
}

}  // namespace
}  // namespace windlass::base
