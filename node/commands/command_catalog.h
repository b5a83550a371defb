// The command table as ACL rules see it.
#pragma once

#include "node/acl/catalog.h"
#include "node/commands/command_table.h"

namespace windlass::commands {

class CommandCatalog final : public acl::Catalog {
 public:
  explicit CommandCatalog(const CommandTable* table) : table_(table) {}

  int size() const override { return table_->id_count(); }
  std::optional<int> Find(std::string_view name) const override;
  std::string_view NameOf(int id) const override { return table_->by_id(id).name; }
  uint64_t CategoriesOf(int id) const override { return AclCategoriesOf(table_->by_id(id)); }
  bool IsContainer(int id) const override { return !table_->by_id(id).subcommands.empty(); }
  bool IsSubcommand(int id) const override;
  std::vector<int> SubcommandsOf(int id) const override;
  uint64_t CategoryBit(std::string_view name) const override;

 private:
  const CommandTable* table_;
};

}  // namespace windlass::commands
