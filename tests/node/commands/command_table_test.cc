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

}  // namespace
}  // namespace windlass::commands
