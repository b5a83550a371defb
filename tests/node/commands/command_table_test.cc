// Names of commands: found in any case, and never for another's.
#include "node/commands/command_table.h"

#include <gtest/gtest.h>

#include "node/commands/key_commands.h"
#include "node/commands/string_commands.h"

namespace windlass::commands {
namespace {

TEST(CommandTableTest, NamesAreFoundInAnyCase) {
  const CommandTable table({StringCommands(), KeyCommands()});
  for (const std::string_view name : {"get", "GET", "gEt"}) {
    ASSERT_NE(table.Find(name), nullptr) << name;
    EXPECT_EQ(table.Find(name)->name, "get");
  }
  EXPECT_EQ(table.Find("ge"), nullptr);
  EXPECT_EQ(table.Find("gett"), nullptr);
  EXPECT_EQ(table.Find(""), nullptr);
}

TEST(CommandTableTest, OnlyLettersHaveACase) {
  EXPECT_TRUE(EqualsNoCase("BITFIELD_RO-1", "bitfield_ro-1"));
  EXPECT_TRUE(EqualsNoCase("AZ", "az"));
  // One bit apart, as the cases of a letter are.
  for (const auto& [a, b] : {std::pair("@", "`"), std::pair("[", "{"), std::pair("^", "~"), std::pair("1", "\x11"),
                             std::pair("\xc1", "\xe1")}) {
    EXPECT_FALSE(EqualsNoCase(a, b)) << a;
    EXPECT_FALSE(EqualsNoCase(b, a)) << a;
  }
}

}  // namespace
}  // namespace windlass::commands
