// OBJECT: how a value is kept and when it was used.
#include <climits>
#include <string>

#include "node/commands/key_commands.h"
#include "node/keyspace/keyspace.h"

namespace windlass::commands {

using keyspace::AccessClock;
using keyspace::AccessPolicy;
using keyspace::Entry;

namespace {

// The key at args[2], or null: the null reply was written.
const Entry* EntryOrReply(Call& call) {
  // Not FindRead: asking about a key that is absent is no event.
  const Entry* entry = call.db.Find(call.slot, call.args[2], call.now_ms);
  if (entry == nullptr) call.reply.Null();
  return entry;
}

void EncodingCommand(Call& call) {
  if (const Entry* entry = EntryOrReply(call)) call.reply.Bulk(types::EncodingName(entry->encoding()));
}

void RefCountCommand(Call& call) {
  if (const Entry* entry = EntryOrReply(call)) call.reply.Integer(ReferencesTo(*entry));
}

void IdleTimeCommand(Call& call) {
  const Entry* entry = EntryOrReply(call);
  if (entry == nullptr) return;
  if (call.db.keyspace().access_options().policy == AccessPolicy::kLfu) {
    return call.reply.Error(
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between "
        "policies at runtime LRU and LFU data will take some time to adjust.");
  }
  call.reply.Integer(AccessClock::IdleSeconds(entry->access(), call.now_ms));
}

void FreqCommand(Call& call) {
  const Entry* entry = EntryOrReply(call);
  if (entry == nullptr) return;
  const keyspace::AccessOptions& options = call.db.keyspace().access_options();
  if (options.policy != AccessPolicy::kLfu) {
    return call.reply.Error(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching "
        "between policies at runtime LRU and LFU data will take some time to adjust.");
  }
  call.reply.Integer(AccessClock::Frequency(entry->access(), options, call.now_ms));
}

void HelpCommand(Call& call) {
  static constexpr std::string_view kLines[] = {
      "ENCODING <key>",
      "    Return the kind of internal representation used in order to store the value",
      "    associated with a <key>.",
      "FREQ <key>",
      "    Return the access frequency index of the <key>. The returned integer is",
      "    proportional to the logarithm of the recent access frequency of the key.",
      "IDLETIME <key>",
      "    Return the idle time of the <key>, that is the approximated number of",
      "    seconds elapsed since the last access to the key.",
      "REFCOUNT <key>",
      "    Return the number of references of the value associated with the specified",
      "    <key>.",
  };
  ReplyHelp(call, "OBJECT", kLines);
}

constexpr KeySpec kKey = {2, 2, 1, kKeyRO, nullptr};

const CommandSpec kRows[] = {
    {"object|encoding", 3, kReadonly, kKey, kAclKeyspace,
     {"Tells the encoding of a key's value.", "2.2.3", "generic", "O(1)"}, EncodingCommand},
    {"object|freq", 3, kReadonly, kKey, kAclKeyspace,
     {"Tells how often a key is used, on a logarithmic scale.", "4.0.0", "generic", "O(1)"}, FreqCommand},
    {"object|help", 2, kLoading | kStale, {}, kAclKeyspace,
     {"Lists the subcommands.", "6.2.0", "generic", "O(1)"}, HelpCommand},
    {"object|idletime", 3, kReadonly, kKey, kAclKeyspace,
     {"Tells the seconds since a key was last used.", "2.2.3", "generic", "O(1)"}, IdleTimeCommand},
    {"object|refcount", 3, kReadonly, kKey, kAclKeyspace,
     {"Tells how often a key's value is referred to.", "2.2.3", "generic", "O(1)"}, RefCountCommand},
};

}  // namespace

int64_t ReferencesTo(const Entry& entry) {
  constexpr int64_t kSharedIntegers = 10000;
  const bool shared = entry.type() == types::Type::kString && entry.is_integer() && entry.integer() >= 0 &&
                      entry.integer() < kSharedIntegers;
  return shared ? INT_MAX : 1;
}

std::span<const CommandSpec> ObjectSubcommands() { return kRows; }

}  // namespace windlass::commands
