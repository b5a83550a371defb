// Glob patterns.
#include "node/base/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace windlass::base {
namespace {

TEST(GlobTest, MatchesAsKeysDoes) {
  struct Row {
    const char* pattern;
    const char* text;
    bool matches;
  };
  const Row rows[] = {
      {"*", "", false},         {"*", "abc", true},       {"a*c", "abbc", true},   {"a*c", "ab", false},
      {"h?llo", "hello", true}, {"h?llo", "hllo", false}, {"h[ae]llo", "hallo", true},
      {"h[^e]llo", "hello", false}, {"h[^e]llo", "hbllo", true}, {"h[a-c]llo", "hbllo", true},
      {"h[c-a]llo", "hbllo", true}, {"\\*", "*", true},   {"\\*", "a", false},     {"a", "", false},
      {"", "", true},           {"", "a", false},         {"**b", "aab", true},    {"[\\]]", "]", true},
      {"a[", "a[", false},      {"*a*b*", "xxaxxbxx", true}, {"a*", "a", true}, {"**", "", false},
  };
  for (const Row& row : rows) EXPECT_EQ(GlobMatch(row.pattern, row.text), row.matches) << row.pattern << " " << row.text;
  EXPECT_TRUE(GlobMatch("ABC*", "abcd", true));
  EXPECT_FALSE(GlobMatch("ABC*", "abcd"));
}

TEST(GlobTest, ManyStarsAreNotExponential) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "a*";
  EXPECT_FALSE(GlobMatch(pattern + "b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace windlass::base
