// All commands by name: a flat hash, case-insensitive, built once.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "node/commands/command.h"

namespace windlass::commands {

// The families linked into this program, one span each.
std::vector<std::span<const CommandSpec>> CommandFamilies();

class CommandTable {
 public:
  explicit CommandTable(const std::vector<std::span<const CommandSpec>>& families);

  // Null if there is no such command. `name` in any case, without "|sub".
  const CommandSpec* Find(std::string_view name) const;
  // "config|get" finds the subcommand.
  const CommandSpec* FindFull(std::string_view name) const;
  // The subcommand args[1] names; null if none.
  static const CommandSpec* FindSubcommand(const CommandSpec& container, std::string_view name);

  // The command that complete arguments mean, a subcommand if they name one; null if none.
  const CommandSpec* Resolve(std::span<const std::string_view> args) const;

  const std::vector<const CommandSpec*>& commands() const { return commands_; }  // top level, by name
  // Ids of commands and subcommands are 0..id_count()-1.
  int id_count() const { return static_cast<int>(by_id_.size()); }
  const CommandSpec& by_id(int id) const { return *by_id_[id]; }

 private:
  void Insert(const CommandSpec* spec);

  std::vector<const CommandSpec*> commands_;
  std::vector<const CommandSpec*> by_id_;
  std::vector<const CommandSpec*> buckets_;  // size a power of two, at most a quarter full
  uint32_t mask_ = 0;
};

// Appends the keys of a command to *out. False: the arguments make no sense.
bool FindKeysOf(const CommandSpec& spec, std::span<const std::string_view> args,
                std::vector<KeyPosition>* out);
// The categories of a command, those its flags imply included.
uint64_t AclCategoriesOf(const CommandSpec& spec);

}  // namespace windlass::commands
