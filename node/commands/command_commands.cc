// COMMAND and its subcommands: the table told to clients.
#include <string>
#include <vector>

#include "node/base/glob.h"
#include "node/commands/command_table.h"
#include "node/commands/families.h"
#include "node/commands/ports.h"

namespace windlass::commands {
namespace {

struct Word {
  uint64_t bit;
  std::string_view word;
};

constexpr Word kFlagWords[] = {
    {kWrite, "write"}, {kReadonly, "readonly"}, {kDenyOom, "denyoom"}, {kAdmin, "admin"}, {kPubSub, "pubsub"},
    {kNoScript, "noscript"}, {kBlocking, "blocking"}, {kLoading, "loading"}, {kStale, "stale"},
    {kSkipMonitor, "skip_monitor"}, {kSkipSlowlog, "skip_slowlog"}, {kAskingFlag, "asking"}, {kFast, "fast"},
    {kNoAuth, "no_auth"}, {kMayReplicate, "may_replicate"}, {kMovableKeys, "movablekeys"},
    {kAllowBusy, "allow_busy"}, {kNoAsyncLoading, "no_async_loading"}, {kNoMulti, "no_multi"},
    {kNoMandatoryKeys, "no_mandatory_keys"}};
constexpr Word kCategoryWords[] = {
    {kAclKeyspace, "keyspace"}, {kAclRead, "read"}, {kAclWrite, "write"}, {kAclSet, "set"},
    {kAclSortedSet, "sortedset"}, {kAclList, "list"}, {kAclHash, "hash"}, {kAclString, "string"},
    {kAclBitmap, "bitmap"}, {kAclHyperLogLog, "hyperloglog"}, {kAclGeo, "geo"}, {kAclStream, "stream"},
    {kAclPubSub, "pubsub"}, {kAclAdmin, "admin"}, {kAclFast, "fast"}, {kAclSlow, "slow"},
    {kAclBlocking, "blocking"}, {kAclDangerous, "dangerous"}, {kAclConnection, "connection"},
    {kAclTransaction, "transaction"}, {kAclScripting, "scripting"}};
constexpr Word kKeyFlagWords[] = {
    {kKeyRO, "RO"}, {kKeyRW, "RW"}, {kKeyOW, "OW"}, {kKeyRM, "RM"}, {kKeyAccess, "access"},
    {kKeyUpdate, "update"}, {kKeyInsert, "insert"}, {kKeyDelete, "delete"}, {kKeyNotKey, "not_key"},
    {kKeyIncomplete, "incomplete"}, {kKeyVariableFlags, "variable_flags"}};

void ReplyWords(resp::ReplyWriter& reply, uint64_t bits, std::span<const Word> words, std::string_view prefix) {
  int64_t count = 0;
  for (const Word& word : words) count += (bits & word.bit) != 0 ? 1 : 0;
  reply.Set(count);
  for (const Word& word : words) {
    if ((bits & word.bit) != 0) reply.Simple(std::string(prefix) + std::string(word.word));
  }
}

// One specification: keys from index `first`, in steps, up to `last`.
void ReplyKeySpec(resp::ReplyWriter& reply, const CommandSpec& spec) {
  const KeySpec& keys = spec.keys;
  // `find` alone does not mean that the keys are elsewhere than first, last and step
  // say: it may only tell how each is used.
  const bool incomplete = (spec.flags & kMovableKeys) != 0;
  reply.Map(3);
  reply.Bulk("flags");
  ReplyWords(reply, incomplete ? (keys.flags | kKeyIncomplete) : keys.flags, kKeyFlagWords, "");
  reply.Bulk("begin_search");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("index");
  reply.Bulk("spec");
  reply.Map(1);
  reply.Bulk("index");
  reply.Integer(keys.first);
  reply.Bulk("find_keys");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("range");
  reply.Bulk("spec");
  reply.Map(3);
  reply.Bulk("lastkey");
  reply.Integer(keys.last < 0 ? keys.last : keys.last - keys.first);
  reply.Bulk("keystep");
  reply.Integer(keys.step == 0 ? 1 : keys.step);
  reply.Bulk("limit");
  reply.Integer(0);
}

void ReplyInfo(resp::ReplyWriter& reply, const CommandSpec& spec) {
  const bool range = spec.keys.first > 0;
  reply.Array(10);
  reply.Bulk(spec.name);
  reply.Integer(spec.arity);
  ReplyWords(reply, spec.flags, kFlagWords, "");
  reply.Integer(spec.keys.first);
  reply.Integer(spec.keys.last);
  reply.Integer(range && spec.keys.step == 0 ? 1 : spec.keys.step);
  ReplyWords(reply, AclCategoriesOf(spec), kCategoryWords, "@");
  reply.Set(0);  // tips
  reply.Set(range ? 1 : 0);
  if (range) ReplyKeySpec(reply, spec);
  if (spec.subcommands.empty()) return reply.Set(0);
  reply.Array(static_cast<int64_t>(spec.subcommands.size()));
  for (const CommandSpec& sub : spec.subcommands) ReplyInfo(reply, sub);
}

void ReplyDocs(resp::ReplyWriter& reply, const CommandSpec& spec) {
  const CommandDocs& docs = spec.docs;
  const int64_t fields = 3 + (docs.complexity.empty() ? 0 : 1) + (spec.subcommands.empty() ? 0 : 1);
  reply.Bulk(spec.name);
  reply.Map(fields);
  reply.Bulk("summary");
  reply.Bulk(docs.summary);
  reply.Bulk("since");
  reply.Bulk(docs.since);
  reply.Bulk("group");
  reply.Bulk(docs.group);
  if (!docs.complexity.empty()) {
    reply.Bulk("complexity");
    reply.Bulk(docs.complexity);
  }
  if (spec.subcommands.empty()) return;
  reply.Bulk("subcommands");
  reply.Map(static_cast<int64_t>(spec.subcommands.size()));
  for (const CommandSpec& sub : spec.subcommands) ReplyDocs(reply, sub);
}

void ReplyAll(Call& call) {
  const auto& all = call.node.commands->commands();
  call.reply.Array(static_cast<int64_t>(all.size()));
  for (const CommandSpec* spec : all) ReplyInfo(call.reply, *spec);
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
      ReplyInfo(call.reply, *spec);
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
  for (const CommandSpec* spec : specs) ReplyDocs(call.reply, *spec);
}

bool KeysOf(Call& call, KeyPositions* keys) {
  const auto args = call.args.subspan(2);
  const CommandSpec* spec = call.node.commands->Find(args[0]);
  if (spec != nullptr && !spec->subcommands.empty() && args.size() > 1) {
    if (const CommandSpec* sub = CommandTable::FindSubcommand(*spec, args[1])) spec = sub;
  }
  if (spec == nullptr) {
    call.reply.Error("ERR Invalid command specified");
    return false;
  }
  if (spec->keys.first == 0 && spec->keys.find == nullptr) {
    call.reply.Error("ERR The command has no key arguments");
    return false;
  }
  const int count = static_cast<int>(args.size());
  if (spec->arity > 0 ? count != spec->arity : count < -spec->arity) {
    call.reply.Error("ERR Invalid number of arguments specified for command");
    return false;
  }
  if (!FindKeysOf(*spec, args, keys)) {
    call.reply.Error("ERR Invalid arguments specified for command");
    return false;
  }
  return true;
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
    ReplyWords(call.reply, key.flags, kKeyFlagWords, "");
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
      for (const Word& word : kCategoryWords) {
        if (EqualsNoCase(word.word, args[4])) category = word.bit;
      }
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
    const bool sub = spec.name.find('|') != std::string_view::npos;
    if (sub && args.size() == 2) continue;
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
