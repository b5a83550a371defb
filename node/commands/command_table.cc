// The command table. See command_table.h.
#include "node/commands/command_table.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "node/commands/ports.h"
#include "node/config/config.h"

namespace windlass::commands {
namespace {

uint32_t HashName(std::string_view name) {
  uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c | 0x20)) * 16777619u;
  return hash ^ hash >> 15;
}

std::string_view LastPart(std::string_view name) {
  const size_t bar = name.find('|');
  return bar == std::string_view::npos ? name : name.substr(bar + 1);
}

}  // namespace

CommandTable::CommandTable(const std::vector<std::span<const CommandSpec>>& families) {
  for (const auto family : families) {
    for (const CommandSpec& spec : family) commands_.push_back(&spec);
  }
  std::sort(commands_.begin(), commands_.end(),
            [](const CommandSpec* a, const CommandSpec* b) { return a->name < b->name; });
  uint32_t size = 64;
  while (size < commands_.size() * 4) size *= 2;
  buckets_.assign(size, nullptr);
  mask_ = size - 1;
  for (const CommandSpec* spec : commands_) {
    if (Find(spec->name) != nullptr) {
      std::fprintf(stderr, "command table: %.*s twice\n", static_cast<int>(spec->name.size()),
                   spec->name.data());
      std::abort();  // two families define the same command: a programming error
    }
    Insert(spec);
    spec->id = id_count();
    by_id_.push_back(spec);
    for (const CommandSpec& sub : spec->subcommands) {
      sub.id = id_count();
      by_id_.push_back(&sub);
    }
  }
}

void CommandTable::Insert(const CommandSpec* spec) {
  uint32_t at = HashName(spec->name) & mask_;
  while (buckets_[at] != nullptr) at = (at + 1) & mask_;
  buckets_[at] = spec;
}

const CommandSpec* CommandTable::FindRenamed(std::string_view name) const {
  for (const NewName& rename : renames_) {
    if (!rename.name.empty() && EqualsNoCase(rename.name, name)) return rename.spec;
  }
  const CommandSpec* spec = FindOriginal(name);
  const bool moved = std::any_of(renames_.begin(), renames_.end(), [spec](const NewName& r) { return r.spec == spec; });
  return moved ? nullptr : spec;
}

base::Result<void> CommandTable::Rename(std::string_view name, std::string_view target) {
  const CommandSpec* spec = Find(name);
  if (spec == nullptr) return base::Error{"No such command in rename-command"};
  if (!target.empty() && Find(target) != nullptr) return base::Error{"Target command name already exists"};
  std::erase_if(renames_, [spec](const NewName& rename) { return rename.spec == spec; });
  renames_.push_back({std::string(target), spec});
  return {};
}

const CommandSpec* CommandTable::FindOriginal(std::string_view name) const {
  for (uint32_t at = HashName(name) & mask_; buckets_[at] != nullptr; at = (at + 1) & mask_) {
    if (EqualsNoCase(buckets_[at]->name, name)) return buckets_[at];
  }
  return nullptr;
}

const CommandSpec* CommandTable::FindFull(std::string_view name) const {
  const size_t bar = name.find('|');
  if (bar == std::string_view::npos) return Find(name);
  const CommandSpec* container = Find(name.substr(0, bar));
  return container == nullptr ? nullptr : FindSubcommand(*container, name.substr(bar + 1));
}

const CommandSpec* CommandTable::FindSubcommand(const CommandSpec& container, std::string_view name) {
  for (const CommandSpec& sub : container.subcommands) {
    if (EqualsNoCase(LastPart(sub.name), name)) return &sub;
  }
  return nullptr;
}

const CommandSpec* CommandTable::Resolve(std::span<const std::string_view> args) const {
  const CommandSpec* spec = args.empty() ? nullptr : Find(args[0]);
  if (spec == nullptr || spec->subcommands.empty() || args.size() < 2) return spec;
  return FindSubcommand(*spec, args[1]);
}

bool FindKeysOf(const CommandSpec& spec, std::span<const std::string_view> args,
                std::vector<KeyPosition>* out) {
  const KeySpec& keys = spec.keys;
  if (keys.find != nullptr) return keys.find(args, out);
  if (keys.first == 0) return true;
  const int count = static_cast<int>(args.size());
  const int last = keys.last >= 0 ? keys.last : count + keys.last;
  if (last >= count) return false;
  for (int i = keys.first; i <= last; i += std::max(1, keys.step)) out->push_back({i, keys.flags});
  return true;
}

uint64_t AclCategoriesOf(const CommandSpec& spec) {
  uint64_t acl = spec.acl;
  if ((spec.flags & kWrite) != 0) acl |= kAclWrite;
  if ((spec.flags & kReadonly) != 0 && (acl & kAclScripting) == 0) acl |= kAclRead;
  if ((spec.flags & kAdmin) != 0) acl |= kAclAdmin | kAclDangerous;
  if ((spec.flags & kPubSub) != 0) acl |= kAclPubSub;
  if ((spec.flags & kBlocking) != 0) acl |= kAclBlocking;
  acl |= (spec.flags & kFast) != 0 ? kAclFast : kAclSlow;
  return acl;
}

bool ParseInt64(std::string_view text, int64_t* value) {
  if (text.empty() || text.size() > 20) return false;
  const bool negative = text[0] == '-';
  const std::string_view digits = negative ? text.substr(1) : text;
  if (digits.empty() || (digits[0] == '0' && (digits.size() > 1 || negative))) return false;
  uint64_t n = 0;
  const uint64_t limit = negative ? uint64_t{1} << 63 : (uint64_t{1} << 63) - 1;
  for (const char c : digits) {
    const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
    if (digit > 9 || n > (limit - digit) / 10) return false;
    n = n * 10 + digit;
  }
  *value = negative ? static_cast<int64_t>(~n + 1) : static_cast<int64_t>(n);
  return true;
}

void ReplyHelp(Call& call, std::string_view container, std::span<const std::string_view> lines) {
  std::string upper(container);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  call.reply.Array(static_cast<int64_t>(lines.size()) + 3);
  call.reply.Simple(upper + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const std::string_view line : lines) call.reply.Simple(line);
  call.reply.Simple("HELP");
  call.reply.Simple("    Prints this help.");
}

std::string_view LoggedDeletion(const Call& call, std::string_view setting) {
  return call.node.config != nullptr && call.node.config->Bool(setting) ? "UNLINK" : "DEL";
}

void ReplySubcommandSyntaxError(Call& call) {
  std::string upper;
  for (const char c : call.args[0]) upper.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  call.reply.Error("ERR unknown subcommand or wrong number of arguments for '" +
                   std::string(call.args[1].substr(0, 128)) + "'. Try " + upper + " HELP.");
}

}  // namespace windlass::commands
