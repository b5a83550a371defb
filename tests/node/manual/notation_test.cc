// The notation of the manual's pages, and that every page follows it.
#include "node/manual/notation.h"

#include <gtest/gtest.h>

#include "node/manual/pages.h"

namespace windlass::manual {
namespace {

TEST(Arguments, ANameAloneIsAString) {
  const auto arguments = ReadArguments("value");
  ASSERT_TRUE(arguments && arguments->size() == 1);
  EXPECT_EQ(arguments->at(0).name, "value");
  EXPECT_EQ(arguments->at(0).type, "string");
  EXPECT_EQ(arguments->at(0).display, "value");
  EXPECT_FALSE(arguments->at(0).token);
}

TEST(Arguments, CapitalsStandForThemselves) {
  const auto arguments = ReadArguments("GET^6.2.0?");
  ASSERT_TRUE(arguments && arguments->size() == 1);
  EXPECT_EQ(arguments->at(0).name, "get");
  EXPECT_EQ(arguments->at(0).type, "pure-token");
  EXPECT_EQ(arguments->at(0).token, "GET");
  EXPECT_EQ(arguments->at(0).since, "6.2.0");
  EXPECT_TRUE(arguments->at(0).optional);
}

TEST(Arguments, EverythingAtOnce) {
  const auto arguments = ReadArguments("by:pattern@1='BY'~'pattern'^1.0.0!2.0.0?*+");
  ASSERT_TRUE(arguments && arguments->size() == 1);
  const Argument& argument = arguments->at(0);
  EXPECT_EQ(argument.type, "pattern");
  EXPECT_EQ(argument.key_spec, 1);
  EXPECT_EQ(argument.token, "BY");
  EXPECT_EQ(argument.display, "pattern");
  EXPECT_EQ(argument.since, "1.0.0");
  EXPECT_EQ(argument.deprecated_since, "2.0.0");
  EXPECT_TRUE(argument.optional && argument.multiple && argument.multiple_token);
}

TEST(Arguments, BlocksAndChoicesNest) {
  const auto arguments = ReadArguments("key@0 trim?(strategy{MAXLEN MINID} operator?{equal:token='=' about:token='~'} n)");
  ASSERT_TRUE(arguments && arguments->size() == 2);
  EXPECT_EQ(arguments->at(0).type, "key");
  const Argument& trim = arguments->at(1);
  EXPECT_EQ(trim.type, "block");
  EXPECT_TRUE(trim.optional);
  EXPECT_EQ(trim.display, "");
  ASSERT_EQ(trim.parts.size(), 3u);
  EXPECT_EQ(trim.parts[0].type, "oneof");
  EXPECT_EQ(trim.parts[1].parts[1].token, "~");
  EXPECT_EQ(trim.parts[2].name, "n");
}

TEST(Arguments, WhatIsNotClosedIsRefused) {
  EXPECT_FALSE(ReadArguments("a(b"));
  EXPECT_FALSE(ReadArguments("a{b)"));
  EXPECT_FALSE(ReadArguments("a='x"));
  EXPECT_FALSE(ReadArguments("a:nothing"));
  EXPECT_FALSE(ReadArguments("a)"));
}

TEST(KeySpecifications, ReadAsWritten) {
  const auto specs = ReadKeySpecifications("RW access: index 1, range 0 1 0 # a note\nRO: keyword KEYS -2, keynum 0 1 1");
  ASSERT_TRUE(specs && specs->size() == 2);
  EXPECT_EQ(specs->at(0).flags, (std::vector<std::string_view>{"RW", "access"}));
  EXPECT_EQ(specs->at(0).notes, "a note");
  EXPECT_EQ(specs->at(0).begin_number, 1);
  EXPECT_EQ(specs->at(1).keyword, "KEYS");
  EXPECT_EQ(specs->at(1).begin_number, -2);
  EXPECT_EQ(specs->at(1).find, "keynum");
  EXPECT_EQ(specs->at(1).numbers[1], 1);
  EXPECT_FALSE(ReadKeySpecifications("RW: index, range 0 1 0"));
}

TEST(Pages, EveryPageFollowsTheNotation) {
  for (const std::span<const Page> pages :
       {StringsPages(), KeysPages(), ListsPages(), HashesPages(), SetsPages(), SortedSetsPages(), StreamsPages(),
        BitmapsPages(), HyperloglogsPages(), GeoPages(), PubsubPages(), TransactionsPages(), ScriptingPages(),
        ConnectionPages(), ClusterPages(), ServerPages(), ServerContainerPages()}) {
    for (const Page& page : pages) {
      EXPECT_EQ(FindPage(page.name), &page) << page.name;
      EXPECT_FALSE(page.summary.empty() || page.since.empty() || page.group.empty()) << page.name;
      EXPECT_TRUE(ReadArguments(page.arguments)) << page.name;
      EXPECT_TRUE(ReadKeySpecifications(page.keys)) << page.name;
      for (const std::string_view line : SplitWords(page.history, '\n')) EXPECT_GE(SplitWords(line, ' ').size(), 2u);
    }
  }
}

}  // namespace
}  // namespace windlass::manual
