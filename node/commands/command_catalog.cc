// See command_catalog.h.
#include "node/commands/command_catalog.h"

#include "node/commands/command_words.h"

namespace windlass::commands {

std::optional<int> CommandCatalog::Find(std::string_view name) const {
  const CommandSpec* spec = table_->FindFull(name);
  if (spec == nullptr) return std::nullopt;
  return spec->id;
}

bool CommandCatalog::IsSubcommand(int id) const {
  return table_->by_id(id).name.find('|') != std::string_view::npos;
}

std::vector<int> CommandCatalog::SubcommandsOf(int id) const {
  std::vector<int> ids;
  for (const CommandSpec& sub : table_->by_id(id).subcommands) ids.push_back(sub.id);
  return ids;
}

uint64_t CommandCatalog::CategoryBit(std::string_view name) const { return CategoryByName(name); }

}  // namespace windlass::commands
