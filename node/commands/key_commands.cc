// Rows of the generic family: commands on keys, whatever they hold.
#include "node/commands/key_commands.h"

namespace windlass::commands {

namespace {

constexpr KeySpec OneKey(uint16_t flags) { return {1, 1, 1, flags, nullptr}; }
constexpr KeySpec EveryKey(uint16_t flags) { return {1, -1, 1, flags, nullptr}; }
constexpr uint16_t kReadKey = kKeyRO | kKeyAccess;
constexpr uint16_t kUpdateKey = kKeyRW | kKeyUpdate;

// Two keys that are used differently.
bool RenameKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  if (args.size() < 3) return false;
  out->push_back({1, kKeyRW | kKeyAccess | kKeyDelete});
  out->push_back({2, kKeyOW | kKeyUpdate});
  return true;
}
bool RenameNxKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  if (args.size() < 3) return false;
  out->push_back({1, kKeyRW | kKeyAccess | kKeyDelete});
  out->push_back({2, kKeyOW | kKeyInsert});
  return true;
}
bool CopyKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  if (args.size() < 3) return false;
  out->push_back({1, kReadKey});
  out->push_back({2, kKeyOW | kKeyUpdate});
  return true;
}

const CommandSpec kRows[] = {
    {"del", -2, kWrite, EveryKey(kKeyRM | kKeyDelete), kAclKeyspace,
     {"Deletes keys.", "1.0.0", "generic", "O(N) in the number of keys and of what they hold"}, DelCommand},
    {"unlink", -2, kWrite | kFast, EveryKey(kKeyRM | kKeyDelete), kAclKeyspace,
     {"Deletes keys; memory of big values is freed later.", "4.0.0", "generic", "O(1) a key"}, UnlinkCommand},
    {"exists", -2, kReadonly | kFast, EveryKey(kKeyRO), kAclKeyspace,
     {"Counts how many of the keys exist.", "1.0.0", "generic", "O(N) in the number of keys"}, ExistsCommand},
    {"touch", -2, kReadonly | kFast, EveryKey(kKeyRO), kAclKeyspace,
     {"Marks keys as used now and counts those that exist.", "3.2.1", "generic", "O(N) in the number of keys"},
     TouchCommand},
    {"type", 2, kReadonly | kFast, OneKey(kKeyRO), kAclKeyspace,
     {"Tells the type of the value of a key.", "1.0.0", "generic", "O(1)"}, TypeCommand},
    {"rename", 3, kWrite, {1, 2, 1, kKeyRW, RenameKeys}, kAclKeyspace,
     {"Gives a key another name, replacing what has it.", "1.0.0", "generic", "O(1)"}, RenameCommand},
    {"renamenx", 3, kWrite | kFast, {1, 2, 1, kKeyRW, RenameNxKeys}, kAclKeyspace,
     {"Gives a key another name if that is free.", "1.0.0", "generic", "O(1)"}, RenameNxCommand},
    {"copy", -3, kWrite | kDenyOom, {1, 2, 1, kKeyRW, CopyKeys}, kAclKeyspace,
     {"Copies the value and expiry of a key to another.", "6.2.0", "generic", "O(N) in the size of the value"},
     CopyCommand},
    {"move", 3, kWrite | kFast, OneKey(kKeyRW | kKeyAccess | kKeyUpdate), kAclKeyspace,
     {"Moves a key to another database.", "1.0.0", "generic", "O(1)"}, MoveCommand},
    {"swapdb", 3, kWrite | kFast, {}, kAclKeyspace | kAclDangerous,
     {"Lets two databases change places.", "4.0.0", "server", "O(N) in the clients that watch their keys"},
     SwapDbCommand},
    {"expire", -3, kWrite | kFast, OneKey(kUpdateKey), kAclKeyspace,
     {"Sets the time to live of a key in seconds.", "1.0.0", "generic", "O(1)"}, ExpireCommand},
    {"pexpire", -3, kWrite | kFast, OneKey(kUpdateKey), kAclKeyspace,
     {"Sets the time to live of a key in milliseconds.", "2.6.0", "generic", "O(1)"}, PExpireCommand},
    {"expireat", -3, kWrite | kFast, OneKey(kUpdateKey), kAclKeyspace,
     {"Sets the Unix time in seconds at which a key expires.", "1.2.0", "generic", "O(1)"}, ExpireAtCommand},
    {"pexpireat", -3, kWrite | kFast, OneKey(kUpdateKey), kAclKeyspace,
     {"Sets the Unix time in milliseconds at which a key expires.", "2.6.0", "generic", "O(1)"}, PExpireAtCommand},
    {"ttl", 2, kReadonly | kFast, OneKey(kReadKey), kAclKeyspace,
     {"Tells the time to live of a key in seconds.", "1.0.0", "generic", "O(1)"}, TtlCommand},
    {"pttl", 2, kReadonly | kFast, OneKey(kReadKey), kAclKeyspace,
     {"Tells the time to live of a key in milliseconds.", "2.6.0", "generic", "O(1)"}, PTtlCommand},
    {"expiretime", 2, kReadonly | kFast, OneKey(kReadKey), kAclKeyspace,
     {"Tells the Unix time in seconds at which a key expires.", "7.0.0", "generic", "O(1)"}, ExpireTimeCommand},
    {"pexpiretime", 2, kReadonly | kFast, OneKey(kReadKey), kAclKeyspace,
     {"Tells the Unix time in milliseconds at which a key expires.", "7.0.0", "generic", "O(1)"}, PExpireTimeCommand},
    {"persist", 2, kWrite | kFast, OneKey(kUpdateKey), kAclKeyspace,
     {"Removes the expiry of a key.", "2.2.0", "generic", "O(1)"}, PersistCommand},
    {"keys", 2, kReadonly, {}, kAclKeyspace | kAclDangerous,
     {"Lists all keys that match a pattern.", "1.0.0", "generic", "O(N) in the keys of the database"}, KeysCommand},
    {"scan", -2, kReadonly, {}, kAclKeyspace,
     {"Goes through the keys of the database in steps.", "2.8.0", "generic", "O(1) a call, O(N) for all"},
     ScanCommand},
    {"randomkey", 1, kReadonly, {}, kAclKeyspace,
     {"Returns the name of a random key.", "1.0.0", "generic", "O(1)"}, RandomKeyCommand},
    {"dbsize", 1, kReadonly | kFast, {}, kAclKeyspace,
     {"Counts the keys of the database.", "1.0.0", "server", "O(1)"}, DbSizeCommand},
    {"flushdb", -1, kWrite, {}, kAclKeyspace | kAclDangerous,
     {"Deletes all keys of the database.", "1.0.0", "server", "O(N) in its keys"}, FlushDbCommand},
    {"flushall", -1, kWrite, {}, kAclKeyspace | kAclDangerous,
     {"Deletes all keys of all databases.", "1.0.0", "server", "O(N) in the keys"}, FlushAllCommand},
    {"object", -2, 0, {}, 0,
     {"Tells how a value is kept: a container for subcommands.", "2.2.3", "generic", "Depends on subcommand."},
     nullptr, ObjectSubcommands()},
    {"dump", 2, kReadonly, OneKey(kReadKey), kAclKeyspace,
     {"Returns a key's value in a form that RESTORE takes.", "2.6.0", "generic", "O(N) in the size of the value"},
     DumpCommand},
    {"restore", -4, kWrite | kDenyOom, OneKey(kKeyOW | kKeyUpdate), kAclKeyspace | kAclDangerous,
     {"Creates a key from what DUMP returned.", "2.6.0", "generic", "O(N) in the size of the value"}, RestoreCommand},
    {"restore-asking", -4, kWrite | kDenyOom | kAskingFlag, OneKey(kKeyOW | kKeyUpdate),
     kAclKeyspace | kAclDangerous,
     {"RESTORE as the other side of a slot migration sends it.", "3.0.0", "server", "O(N) in the size of the value"},
     RestoreCommand},
};

}  // namespace

std::span<const CommandSpec> KeyCommands() { return kRows; }

}  // namespace windlass::commands
