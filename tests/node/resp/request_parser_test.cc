// Requests: arrays, inline commands, pieces, and what is refused.
#include "node/resp/request_parser.h"

#include <gtest/gtest.h>

namespace windlass::resp {
namespace {

using Args = std::vector<std::string_view>;

struct Parsed {
  ParseStatus status;
  size_t consumed = 0;
  Args args;
  std::string error;
};

Parsed ParseOnce(std::string_view text, RequestLimits limits = {}) {
  // The views of an inline request point into the parser.
  static RequestParser parser;
  parser = RequestParser();
  parser.set_limits(limits);
  Parsed result;
  result.status = parser.Parse(text, &result.consumed, &result.args);
  result.error = parser.error();
  return result;
}

TEST(RequestParserTest, AnArrayOfBulksIsArguments) {
  const std::string text = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\nrest";
  const Parsed parsed = ParseOnce(text);
  ASSERT_EQ(parsed.status, ParseStatus::kComplete);
  EXPECT_EQ(parsed.args, (Args{"SET", "k", ""}));
  EXPECT_EQ(text.substr(parsed.consumed), "rest");
}

TEST(RequestParserTest, ArgumentsMayHoldAnyByte) {
  const std::string value("\r\n\0*$", 5);
  const std::string text = "*1\r\n$5\r\n" + value + "\r\n";
  EXPECT_EQ(ParseOnce(text).args, Args{value});
}

TEST(RequestParserTest, EveryCutOfARequestWaitsAndThenCompletes) {
  const std::string text = "*2\r\n$4\r\nECHO\r\n$12\r\nhello world!\r\n";
  for (size_t cut = 0; cut < text.size(); ++cut) {
    RequestParser parser;
    Args args;
    size_t consumed = 99;
    ASSERT_EQ(parser.Parse(text.substr(0, cut), &consumed, &args), ParseStatus::kNeedMore) << cut;
    EXPECT_EQ(consumed, 0u);
    // The buffer has moved meanwhile, as it does when it grows.
    const std::string again = text;
    ASSERT_EQ(parser.Parse(again, &consumed, &args), ParseStatus::kComplete) << cut;
    EXPECT_EQ(args, (Args{"ECHO", "hello world!"}));
    EXPECT_EQ(consumed, text.size());
  }
}

TEST(RequestParserTest, TellsWhereTheArgumentStandsThatIsCut) {
  const std::string text = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nhello world!\r\n";
  const size_t begin = text.find("hello");
  RequestParser parser;
  Args args;
  size_t consumed = 0;
  parser.Parse(text.substr(0, 2), &consumed, &args);
  EXPECT_EQ(parser.cut().bytes, 0u);
  for (size_t have = begin; have < text.size(); ++have) {
    const std::string_view buffer = std::string_view(text).substr(0, have);
    ASSERT_EQ(parser.Parse(buffer, &consumed, &args), ParseStatus::kNeedMore);
    EXPECT_EQ(parser.cut().index, 2u);
    EXPECT_EQ(parser.cut().begin, begin);
    EXPECT_EQ(parser.cut().bytes, 12u);
    EXPECT_EQ(parser.ArgumentBeforeCut(buffer, 0), "SET");
    EXPECT_EQ(parser.ArgumentBeforeCut(buffer, 1), "k");
  }
  ASSERT_EQ(parser.Parse(text, &consumed, &args), ParseStatus::kComplete);
  EXPECT_EQ(parser.cut().bytes, 0u);
}

TEST(RequestParserTest, ByteByByteIsTheSameAsAtOnce) {
  const std::string text = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
  RequestParser parser;
  Args args;
  size_t consumed = 0;
  for (size_t n = 1; n < text.size(); ++n) {
    ASSERT_EQ(parser.Parse(text.substr(0, n), &consumed, &args), ParseStatus::kNeedMore);
  }
  EXPECT_EQ(parser.Parse(text, &consumed, &args), ParseStatus::kComplete);
  EXPECT_EQ(args, (Args{"GET", "a"}));
}

TEST(RequestParserTest, ALargeArgumentTellsHowMuchIsWanted) {
  const std::string head = "*1\r\n$100000\r\n";
  RequestParser parser;
  Args args;
  size_t consumed = 0;
  ASSERT_EQ(parser.Parse(head + "xyz", &consumed, &args), ParseStatus::kNeedMore);
  EXPECT_EQ(parser.bytes_wanted(), head.size() + 100000 + 2);
}

TEST(RequestParserTest, EmptyAndNegativeArraysAreSkipped) {
  EXPECT_EQ(ParseOnce("*0\r\n").status, ParseStatus::kComplete);
  EXPECT_TRUE(ParseOnce("*-1\r\n").args.empty());
  EXPECT_TRUE(ParseOnce("\r\n").args.empty());
}

TEST(RequestParserTest, InlineCommandsAreSplitAsAShellWould) {
  EXPECT_EQ(ParseOnce("SET a \"x y\\n\\x41\" 'it\\'s'\r\n").args, (Args{"SET", "a", "x y\nA", "it's"}));
  EXPECT_EQ(ParseOnce("PING\n").args, Args{"PING"});
  EXPECT_EQ(ParseOnce("  PING  \r\n").args, Args{"PING"});
  EXPECT_EQ(ParseOnce("PING").status, ParseStatus::kNeedMore);
}

TEST(RequestParserTest, RefusalsSayWhatIsWrong) {
  EXPECT_EQ(ParseOnce("*x\r\n").error, "Protocol error: invalid multibulk length");
  EXPECT_EQ(ParseOnce("*01\r\n").error, "Protocol error: invalid multibulk length");
  EXPECT_EQ(ParseOnce("*\r\n").error, "Protocol error: invalid multibulk length");
  EXPECT_EQ(ParseOnce("*1\r\n$01\r\na\r\n").error, "Protocol error: invalid bulk length");
  EXPECT_EQ(ParseOnce("*1\r\n$1x\r\na\r\n").error, "Protocol error: invalid bulk length");
  EXPECT_EQ(ParseOnce("*1\r\n$\r\na\r\n").error, "Protocol error: invalid bulk length");
  EXPECT_EQ(ParseOnce("*1\r\n:5\r\n").error, "Protocol error: expected '$', got ':'");
  EXPECT_EQ(ParseOnce("*1\r\n$-1\r\n").error, "Protocol error: invalid bulk length");
  EXPECT_EQ(ParseOnce("*1\r\n$9999999999\r\n").error, "Protocol error: invalid bulk length");
  EXPECT_EQ(ParseOnce("GET \"a\r\n").error, "Protocol error: unbalanced quotes in request");
  EXPECT_EQ(ParseOnce(std::string(70000, 'a')).error, "Protocol error: too big inline request");
  EXPECT_EQ(ParseOnce("*" + std::string(70000, '1')).error, "Protocol error: too big mbulk count string");
  EXPECT_EQ(ParseOnce("*1\r\n$" + std::string(70000, '1')).error, "Protocol error: too big bulk count string");
}

TEST(RequestParserTest, StrangersMayNotSetMemoryAside) {
  RequestLimits limits;
  limits.authenticated = false;
  EXPECT_EQ(ParseOnce("*11\r\n", limits).error, "Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(ParseOnce("*1\r\n$16385\r\n", limits).error, "Protocol error: unauthenticated bulk length");
  EXPECT_EQ(ParseOnce("*10\r\n", limits).status, ParseStatus::kNeedMore);
}

}  // namespace
}  // namespace windlass::resp
