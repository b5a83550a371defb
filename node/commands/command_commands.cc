// COMMAND and its subcommands: the table told to clients.
#include <string>
#include <vector>

#include "node/base/glob.h"
#include "node/commands/command_report.h"
#include "node/commands/command_table.h"
#include "node/commands/command_words.h"
#include "node/commands/families.h"
#include "node/commands/ports.h"

namespace windlass::commands {
namespace {

void ReplyAll(Call& call) {
  const auto& all = call.node.commands->commands();
  call.reply.Array(static_cast<int64_t>(all.size()));
  for (const CommandSpec* spec : all) ReplyCommandInfo(call.reply, *spec);
}

void Command(Call& call) { ReplyAll(call); }

void Count(Call& call) { call.reply.Integer(static_cast<int64_t>(call.node.commands->commands().size())); }

void Info(Call& call) {
  if (call.args.size() == 2) return ReplyAll(call);
  call.reply.Array(static_cast<int64_t>(call.args.size()) - 2);
  for (const std::string_view name : call.args.subspan(2)) {
    const CommandSpec* spec = call.node.commands->FindFull(name);
    if (spec == nullptr) {
      call.reply.Null();
    } else {
      ReplyCommandInfo(call.reply, *spec);
    }
  }
}

void Docs(Call& call) {
  std::vector<const CommandSpec*> specs;
  if (call.args.size() == 2) specs = call.node.commands->commands();
  for (const std::string_view name : call.args.subspan(2)) {
    if (const CommandSpec* spec = call.node.commands->FindFull(name)) specs.push_back(spec);
  }
  call.reply.Map(static_cast<int64_t>(specs.size()));
  for (const CommandSpec* spec : specs) ReplyCommandDocs(call.reply, *spec);
}

bool KeysOf(Call& call, KeyPositions* keys) {
  const auto args = call.args.subspan(2);
  const CommandSpec* spec = call.node.commands->Resolve(args);
  if (spec == nullptr) {
    call.reply.Error("ERR Invalid command specified");
    return false;
  }
  if ((spec->keys.first == 0 && spec->keys.find == nullptr) || (spec->keys.flags & kKeyNotKey) != 0) {
    call.reply.Error("ERR The command has no key arguments");
    return false;
  }
  const int count = static_cast<int>(args.size());
  if (spec->arity > 0 ? count != spec->arity : count < -spec->arity) {
    call.reply.Error("ERR Invalid number of arguments specified for command");
    return false;
  }
  if (FindKeysOf(*spec, args, keys)) return true;
  if ((spec->flags & kNoMandatoryKeys) != 0) {  // a script's count of keys that makes no sense
    keys->clear();
    return true;
  }
  call.reply.Error("ERR Invalid arguments specified for command");
  return false;
}

void GetKeys(Call& call) {
  KeyPositions keys;
  if (!KeysOf(call, &keys)) return;
  call.reply.Array(static_cast<int64_t>(keys.size()));
  for (const KeyPosition& key : keys) call.reply.Bulk(call.args[static_cast<size_t>(key.index) + 2]);
}

void GetKeysAndFlags(Call& call) {
  KeyPositions keys;
  if (!KeysOf(call, &keys)) return;
  call.reply.Array(static_cast<int64_t>(keys.size()));
  for (const KeyPosition& key : keys) {
    call.reply.Array(2);
    call.reply.Bulk(call.args[static_cast<size_t>(key.index) + 2]);
    ReplyWords(call.reply, key.flags, KeyFlagWords());
  }
}

void List(Call& call) {
  const auto args = call.args;
  uint64_t category = 0;
  std::string_view pattern;
  bool none = false;
  if (args.size() != 2) {
    if (args.size() != 5 || !EqualsNoCase(args[2], "filterby")) return call.reply.Error(kSyntaxError);
    if (EqualsNoCase(args[3], "aclcat")) {
      category = CategoryByName(args[4]);
      none = category == 0;
    } else if (EqualsNoCase(args[3], "pattern")) {
      pattern = args[4];
    } else if (EqualsNoCase(args[3], "module")) {
      none = true;
    } else {
      return call.reply.Error(kSyntaxError);
    }
  }
  std::vector<std::string_view> names;
  for (int id = 0; id < call.node.commands->id_count() && !none; ++id) {
    const CommandSpec& spec = call.node.commands->by_id(id);
    if (category != 0 && (AclCategoriesOf(spec) & category) == 0) continue;
    if (!pattern.empty() && !base::GlobMatch(pattern, spec.name, true)) continue;
    names.push_back(spec.name);
  }
  call.reply.Array(static_cast<int64_t>(names.size()));
  for (const std::string_view name : names) call.reply.Bulk(name);
}

void Help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "(no subcommand)", "    Return details about all commands.",
      "COUNT", "    Return the total number of commands in this server.",
      "LIST", "    Return a list of all commands in this server.",
      "INFO [<command-name> ...]", "    Return details about the named commands, or all.",
      "DOCS [<command-name> ...]", "    Return documentation of the named commands, or all.",
      "GETKEYS <full-command>", "    Return the keys of a full command.",
      "GETKEYSANDFLAGS <full-command>", "    Return the keys of a full command and how it uses them.",
  };
  ReplyHelp(call, "command", kLines);
}

constexpr uint64_t kFlags = kLoading | kStale;

const CommandSpec kSubcommands[] = {
    {"command|count", 2, kFlags, {}, kAclConnection, {"Returns a count of commands.", "2.8.13", "server", "O(1)"}, Count},
    {"command|docs", -2, kFlags, {}, kAclConnection,
     {"Returns documentary information about one, multiple or all commands.", "7.0.0", "server",
      "O(N) where N is the number of commands to look up"}, Docs},
    {"command|getkeys", -3, kFlags, {}, kAclConnection,
     {"Extracts the key names from an arbitrary command.", "2.8.13", "server", "O(N) where N is the number of arguments to the command"},
     GetKeys},
    {"command|getkeysandflags", -3, kFlags, {}, kAclConnection,
     {"Extracts the key names and access flags for an arbitrary command.", "7.0.0", "server",
      "O(N) where N is the number of arguments to the command"}, GetKeysAndFlags},
    {"command|help", 2, kFlags, {}, kAclConnection,
     {"Returns helpful text about the different subcommands.", "5.0.0", "server", "O(1)"}, Help},
    {"command|info", -2, kFlags, {}, kAclConnection,
     {"Returns information about one, multiple or all commands.", "2.8.13", "server",
      "O(N) where N is the number of commands to look up"}, Info},
    {"command|list", -2, kFlags, {}, kAclConnection,
     {"Returns a list of command names.", "7.0.0", "server", "O(N) where N is the total number of Redis commands"}, List},
};

const CommandSpec kSpecs[] = {
    {"command", -1, kFlags, {}, kAclConnection,
     {"Returns detailed information about all commands.", "2.8.13", "server", "O(N) where N is the total number of Redis commands"},
     Command, kSubcommands},
};

}  // namespace

std::span<const CommandSpec> CommandCommands() { return kSpecs; }

}  // namespace windlass::commands
