#include "node/base/letter_case.h"

#include <utility>

#include <gtest/gtest.h>

namespace windlass::base {
namespace {

TEST(LetterCaseTest, OnlyLettersHaveACase) {
  EXPECT_TRUE(EqualsNoCase("BITFIELD_RO-1", "bitfield_ro-1"));
  EXPECT_TRUE(EqualsNoCase("AZ", "az"));
  EXPECT_TRUE(EqualsNoCase("", ""));
  EXPECT_FALSE(EqualsNoCase("GET", "GETS"));
  // One bit apart, as the cases of a letter are.
  for (const auto& [a, b] : {std::pair("@", "`"), std::pair("[", "{"), std::pair("^", "~"), std::pair("1", "\x11"),
                             std::pair("\xc1", "\xe1")}) {
    EXPECT_FALSE(EqualsNoCase(a, b)) << a;
    EXPECT_FALSE(EqualsNoCase(b, a)) << a;
  }
  EXPECT_EQ(Lower("AZ@[`{\xc1 Azure-1"), "az@[`{\xc1 azure-1");
}

}  // namespace
}  // namespace windlass::base
