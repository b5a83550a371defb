// Replies in both protocols.
#include "node/resp/reply_writer.h"

#include "node/resp/double_text.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <random>

#include "node/resp/command.h"

namespace windlass::resp {
namespace {

std::string Written(int protocol, const std::function<void(ReplyWriter&)>& write) {
  std::string out;
  ReplyWriter writer(&out, protocol);
  write(writer);
  return out;
}

TEST(ReplyWriterTest, TheTypesOfResp2) {
  EXPECT_EQ(Written(2, [](ReplyWriter& w) { w.Ok(); }), "+OK\r\n");
  EXPECT_EQ(Written(2, [](ReplyWriter& w) { w.Simple("PONG"); }), "+PONG\r\n");
  EXPECT_EQ(Written(2, [](ReplyWriter& w) { w.Integer(-42); }), ":-42\r\n");
  EXPECT_EQ(Written(2, [](ReplyWriter& w) { w.Bulk(""); }), "$0\r\n\r\n");
  EXPECT_EQ(Written(2, [](ReplyWriter& w) { w.BulkInteger(INT64_MIN); }), "$20\r\n-9223372036854775808\r\n");
  EXPECT_EQ(Written(2, [](ReplyWriter& w) { w.Null(); }), "$-1\r\n");
  EXPECT_EQ(Written(2, [](ReplyWriter& w) { w.NullArray(); }), "*-1\r\n");
}

TEST(ReplyWriterTest, BulksOfEveryLengthAreWhole) {
  for (const size_t size : {0, 1, 9, 10, 25, 26, 99, 100, 1000, 70000}) {
    const std::string value(size, 'v');
    EXPECT_EQ(Written(2, [&](ReplyWriter& w) { w.Bulk(value); }),
              "$" + std::to_string(size) + "\r\n" + value + "\r\n");
  }
}

TEST(ReplyWriterTest, Resp3TypesFallBackInResp2) {
  struct Row {
    std::function<void(ReplyWriter&)> write;
    const char* resp2;
    const char* resp3;
  };
  const Row rows[] = {
      {[](ReplyWriter& w) { w.Map(2); }, "*4\r\n", "%2\r\n"},
      {[](ReplyWriter& w) { w.Set(2); }, "*2\r\n", "~2\r\n"},
      {[](ReplyWriter& w) { w.Push(2); }, "*2\r\n", ">2\r\n"},
      {[](ReplyWriter& w) { w.Null(); }, "$-1\r\n", "_\r\n"},
      {[](ReplyWriter& w) { w.Bool(true); }, ":1\r\n", "#t\r\n"},
      {[](ReplyWriter& w) { w.Double(1.5); }, "$3\r\n1.5\r\n", ",1.5\r\n"},
      {[](ReplyWriter& w) { w.BigNumber("123"); }, "$3\r\n123\r\n", "(123\r\n"},
      {[](ReplyWriter& w) { w.Verbatim("txt", "ab"); }, "$2\r\nab\r\n", "=6\r\ntxt:ab\r\n"},
      {[](ReplyWriter& w) { w.Attribute(1); }, "", "|1\r\n"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Written(2, row.write), row.resp2);
    EXPECT_EQ(Written(3, row.write), row.resp3);
  }
}

TEST(ReplyWriterTest, AnErrorStaysOnOneLine) {
  EXPECT_EQ(Written(2, [](ReplyWriter& w) { w.Error("ERR bad\r\n+OK"); }), "-ERR bad  +OK\r\n");
}

TEST(ReplyWriterTest, AnErrorShowsWordsUpToAZeroByte) {
  using std::string_view_literals::operator""sv;
  const auto error = [](std::string_view text) { return Written(2, [text](ReplyWriter& w) { w.Error(text); }); };
  EXPECT_EQ(error("ERR no 'a\0b' of '\0' 'c'"sv), "-ERR no 'a' of '' 'c'\r\n");
  EXPECT_EQ(error("ERR no a\0b"sv), "-ERR no a\r\n");
}

TEST(ReplyWriterTest, DoublesReadBack) {
  EXPECT_EQ(FormatDouble(3), "3");
  EXPECT_EQ(FormatDouble(0.1), "0.1");
  EXPECT_EQ(FormatDouble(-2.5e-9), "-2.5e-9");
  EXPECT_EQ(FormatDouble(1e17), "100000000000000000");
  EXPECT_EQ(FormatDouble(1e19), "1e+19");
  EXPECT_EQ(FormatDouble(9223372036854775000.0), "9223372036854775000");
  EXPECT_EQ(FormatDouble(1e-5), "0.00001");
  EXPECT_EQ(FormatDouble(1.2345e-4), "1.2345e-4");
  EXPECT_EQ(FormatDouble(12345678.123456789), "1.234567812345679e+7");
  EXPECT_EQ(FormatDouble(123456789012345.67), "123456789012345.67");
  EXPECT_EQ(FormatDouble(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(FormatDouble(5e-324), "5e-324");
  EXPECT_EQ(FormatDouble(-0.0), "-0");
  char text[kDoubleText];
  const auto shortest = [&text](double value) { return std::string(text, PutShortest(text, value)); };
  EXPECT_EQ(shortest(1e8), "1e+8");
  EXPECT_EQ(shortest(1e7), "10000000");
  EXPECT_EQ(shortest(-123456789), "-123456789");
  EXPECT_EQ(shortest(0), "0");
  EXPECT_EQ(FormatDouble(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(FormatDouble(-std::numeric_limits<double>::infinity()), "-inf");
}

// As Redis 7.2 prints them: more digits than the fewest.
TEST(ReplyWriterTest, DigitsAreGrisusNotTheFewest) {
  EXPECT_EQ(FormatDouble(8065.330824538049), "8065.3308245380485");
}

TEST(ReplyWriterTest, EveryDoubleReadsBack) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200000; ++i) {
    uint64_t bits = random();
    // Of each exponent, and of each also the ends: powers of two and what is next to them.
    if (i % 4 == 1) bits &= ~((uint64_t{1} << 52) - 1);
    if (i % 4 == 2) bits |= (uint64_t{1} << 52) - 1;
    const double value = std::bit_cast<double>(bits);
    if (!std::isfinite(value)) continue;
    const std::string text = FormatDouble(value);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
  }
}

TEST(EncodeCommandTest, IsAnArrayOfBulks) {
  const std::string_view argv[] = {"SET", "k", ""};
  std::string out = "before";
  EncodeCommand(argv, &out);
  EXPECT_EQ(out, "before*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n");
}

}  // namespace
}  // namespace windlass::resp
