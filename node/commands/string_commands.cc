// Rows of the string family, and what its handlers share.
#include "node/commands/string_commands.h"

#include <climits>
#include <string>

#include "node/commands/ports.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"
#include "node/types/number.h"

namespace windlass::commands {

bool TakeExpiryOption(std::span<const std::string_view> args, size_t* at, std::optional<ExpiryArgument>* expiry) {
  ExpiryArgument taken;
  if (EqualsNoCase(args[*at], "EX")) {
    taken.seconds = true;
  } else if (EqualsNoCase(args[*at], "EXAT")) {
    taken.seconds = taken.absolute = true;
  } else if (EqualsNoCase(args[*at], "PXAT")) {
    taken.absolute = true;
  } else if (!EqualsNoCase(args[*at], "PX")) {
    return false;
  }
  if (*at + 1 >= args.size()) return false;
  if (*expiry && ((*expiry)->seconds != taken.seconds || (*expiry)->absolute != taken.absolute)) return false;
  taken.text = args[++*at];
  *expiry = taken;
  return true;
}

std::optional<int64_t> ExpiryTime(Call& call, const ExpiryArgument& argument) {
  const auto parsed = types::ParseInteger(argument.text);
  if (!parsed) {
    call.reply.Error(kNotInteger);
    return std::nullopt;
  }
  int64_t ms = *parsed;
  if (ms <= 0 || (argument.seconds && ms > INT64_MAX / 1000)) {
    ReplyInvalidExpiry(call);
    return std::nullopt;
  }
  if (argument.seconds) ms *= 1000;
  if (!argument.absolute) {
    if (ms > INT64_MAX - call.now_ms) {
      ReplyInvalidExpiry(call);
      return std::nullopt;
    }
    ms += call.now_ms;
  }
  return ms;
}

void ReplyInvalidExpiry(Call& call) {
  call.reply.Error("ERR invalid expire time in '" + std::string(call.spec.name) + "' command");
}

bool RefuseNonString(Call& call, const keyspace::Entry& entry) {
  if (entry.type() == types::Type::kString) return false;
  call.reply.Error(kWrongType);
  return true;
}

void ReplyString(Call& call, const keyspace::Entry& entry) {
  if (entry.is_integer()) {
    call.reply.BulkInteger(entry.integer());
  } else {
    call.reply.Bulk(entry.bytes());
  }
}

int64_t MaxStringBytes(const Call& call) {
  constexpr int64_t kDefault = 512 * 1024 * 1024;
  if (call.client.Has(client::kMasterLink | client::kAofLoader)) return INT64_MAX;
  return call.node.config == nullptr ? kDefault : call.node.config->Int("proto-max-bulk-len");
}

bool Touches(const Call& call) { return !call.client.Has(client::kNoTouch); }

bool AlreadyExpired(const Call& call, int64_t at_ms) {
  return at_ms <= call.now_ms && call.db.keyspace().expiry_mode() == keyspace::ExpiryMode::kDelete;
}

namespace {

constexpr KeySpec OneKey(uint16_t flags) { return {1, 1, 1, flags, nullptr}; }
constexpr KeySpec EveryKey(int step, uint16_t flags) { return {1, -1, step, flags, nullptr}; }
constexpr uint16_t kReadKey = kKeyRO | kKeyAccess;
constexpr uint16_t kChangeKey = kKeyRW | kKeyAccess | kKeyUpdate;
constexpr uint64_t kWriter = kWrite | kDenyOom;

// SET and GET of an option take another form of access; the full flags are worst case.
bool SetKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  if (args.size() < 3) return false;
  uint16_t flags = kKeyOW | kKeyUpdate;
  for (size_t i = 3; i < args.size(); ++i) {
    if (EqualsNoCase(args[i], "GET")) flags = kKeyRW | kKeyAccess | kKeyUpdate;
  }
  out->push_back({1, flags});
  return true;
}

constexpr KeySpec kSetKeys = {1, 1, 1, kKeyRW | kKeyAccess | kKeyUpdate | kKeyVariableFlags, SetKeys};

const CommandSpec kRows[] = {
    {"get", 2, kReadonly | kFast, OneKey(kReadKey), kAclString,
     {"Returns the value of a string key.", "1.0.0", "string", "O(1)"}, GetCommand},
    {"set", -3, kWriter, kSetKeys, kAclString,
     {"Sets a key to a string, whatever it held; with conditions and an expiry if wanted.", "1.0.0", "string", "O(1)"},
     SetCommand},
    {"getex", -2, kWrite | kFast, OneKey(kChangeKey), kAclString,
     {"Returns the value of a string key and sets or removes its expiry.", "6.2.0", "string", "O(1)"}, GetExCommand},
    {"getdel", 2, kWrite | kFast, OneKey(kKeyRW | kKeyAccess | kKeyDelete), kAclString,
     {"Returns the value of a string key and deletes the key.", "6.2.0", "string", "O(1)"}, GetDelCommand},
    {"getset", 3, kWriter | kFast, OneKey(kChangeKey), kAclString,
     {"Sets a key and returns the string it held before.", "1.0.0", "string", "O(1)"}, GetSetCommand},
    {"setnx", 3, kWriter | kFast, OneKey(kKeyOW | kKeyInsert), kAclString,
     {"Sets a key only if it does not exist.", "1.0.0", "string", "O(1)"}, SetNxCommand},
    {"setex", 4, kWriter, OneKey(kKeyOW | kKeyUpdate), kAclString,
     {"Sets a key with an expiry in seconds.", "2.0.0", "string", "O(1)"}, SetExCommand},
    {"psetex", 4, kWriter, OneKey(kKeyOW | kKeyUpdate), kAclString,
     {"Sets a key with an expiry in milliseconds.", "2.6.0", "string", "O(1)"}, PSetExCommand},
    {"mget", -2, kReadonly | kFast, EveryKey(1, kReadKey), kAclString,
     {"Returns the values of several string keys.", "1.0.0", "string", "O(N) in the number of keys"}, MGetCommand},
    {"mset", -3, kWriter, EveryKey(2, kKeyOW | kKeyUpdate), kAclString,
     {"Sets several keys at once.", "1.0.1", "string", "O(N) in the number of keys"}, MSetCommand},
    {"msetnx", -3, kWriter, EveryKey(2, kKeyOW | kKeyInsert), kAclString,
     {"Sets several keys, all of them or, if any exists, none.", "1.0.1", "string", "O(N) in the number of keys"},
     MSetNxCommand},
    {"append", 3, kWriter | kFast, OneKey(kKeyRW | kKeyInsert), kAclString,
     {"Appends to a string, which is created if absent.", "2.0.0", "string", "O(1) amortized"}, AppendCommand},
    {"strlen", 2, kReadonly | kFast, OneKey(kKeyRO), kAclString,
     {"Returns the length of a string.", "2.2.0", "string", "O(1)"}, StrLenCommand},
    {"setrange", 4, kWriter, OneKey(kKeyRW | kKeyUpdate), kAclString,
     {"Overwrites a part of a string from an offset on, padding with zero bytes.", "2.2.0", "string",
      "O(M) in the length of the part"}, SetRangeCommand},
    {"getrange", 4, kReadonly, OneKey(kReadKey), kAclString,
     {"Returns a part of a string.", "2.4.0", "string", "O(N) in the length of the part"}, GetRangeCommand},
    {"substr", 4, kReadonly, OneKey(kReadKey), kAclString,
     {"Returns a part of a string; the old name of GETRANGE.", "1.0.0", "string", "O(N) in the length of the part"},
     GetRangeCommand},
    {"incr", 2, kWriter | kFast, OneKey(kChangeKey), kAclString,
     {"Adds one to the integer a key holds; an absent key counts from zero.", "1.0.0", "string", "O(1)"}, IncrCommand},
    {"decr", 2, kWriter | kFast, OneKey(kChangeKey), kAclString,
     {"Subtracts one from the integer a key holds; an absent key counts from zero.", "1.0.0", "string", "O(1)"},
     DecrCommand},
    {"incrby", 3, kWriter | kFast, OneKey(kChangeKey), kAclString,
     {"Adds to the integer a key holds; an absent key counts from zero.", "1.0.0", "string", "O(1)"}, IncrByCommand},
    {"decrby", 3, kWriter | kFast, OneKey(kChangeKey), kAclString,
     {"Subtracts from the integer a key holds; an absent key counts from zero.", "1.0.0", "string", "O(1)"},
     DecrByCommand},
    {"incrbyfloat", 3, kWriter | kFast, OneKey(kChangeKey), kAclString,
     {"Adds to the decimal number a key holds; an absent key counts from zero.", "2.6.0", "string", "O(1)"},
     IncrByFloatCommand},
    {"lcs", -3, kReadonly, {1, 2, 1, kReadKey, nullptr}, kAclString,
     {"Finds the longest common subsequence of two strings.", "7.0.0", "string",
      "O(N*M) in the lengths of the strings"}, LcsCommand},
};

}  // namespace

std::span<const CommandSpec> StringCommands() { return kRows; }

}  // namespace windlass::commands
