// Hashes: fields with values under one key.
#include <climits>
#include <cmath>
#include <string>
#include <vector>

#include "node/base/glob.h"
#include "node/base/random.h"
#include "node/commands/container_families.h"
#include "node/commands/containers.h"
#include "node/commands/random_picks.h"
#include "node/commands/scan_arguments.h"
#include "node/types/hash.h"
#include "node/types/number.h"

namespace windlass::commands {

using types::Hash;

namespace {

void SetCommand(Call& call) {
  if (call.args.size() % 2 != 0) {
    return call.reply.Error("ERR wrong number of arguments for '" + std::string(call.spec.name) + "' command");
  }
  const std::string_view key = call.args[1];
  const auto found = FindToWrite<Hash>(call, key);
  if (found.refused) return;
  int64_t created = 0;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, EntryOrNew(call, key, found));
    for (size_t i = 2; i < call.args.size(); i += 2) {
      created += edit.As<Hash>().Set(call.args[i], call.args[i + 1], LimitsOf(call)) ? 1 : 0;
    }
    edit.Changed((call.args.size() - 2) / 2);
  }
  Notify(call, NotifyClass::kHash, "hset", key);
  if (call.spec.name == "hmset") return call.reply.Ok();
  call.reply.Integer(created);
}

// One field set, in a hash that may have to be made.
void SetField(Call& call, const Found<Hash>& found, std::string_view value, std::string_view event) {
  const std::string_view key = call.args[1];
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, EntryOrNew(call, key, found));
    edit.As<Hash>().Set(call.args[2], value, LimitsOf(call));
    edit.Changed();
  }
  Notify(call, NotifyClass::kHash, event, key);
}

void SetNxCommand(Call& call) {
  const auto found = FindToWrite<Hash>(call, call.args[1]);
  if (found.refused) return;
  if (found.object != nullptr && found.object->Contains(call.args[2])) return call.reply.Integer(0);
  SetField(call, found, call.args[3], "hset");
  call.reply.Integer(1);
}

void GetCommand(Call& call) {
  const auto found = FindToRead<Hash>(call, call.args[1]);
  if (found.refused) return;
  char buffer[types::kMaxIntegerDigits];
  const auto value = found.object == nullptr ? std::nullopt : found.object->Get(call.args[2], buffer);
  if (!value) return call.reply.Null();
  call.reply.Bulk(*value);
}

void MGetCommand(Call& call) {
  const auto found = FindToRead<Hash>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Array(static_cast<int64_t>(call.args.size() - 2));
  char buffer[types::kMaxIntegerDigits];
  for (const std::string_view field : call.args.subspan(2)) {
    const auto value = found.object == nullptr ? std::nullopt : found.object->Get(field, buffer);
    value ? call.reply.Bulk(*value) : call.reply.Null();
  }
}

void GetAllCommand(Call& call) {
  const auto found = FindToRead<Hash>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Map(found.object == nullptr ? 0 : static_cast<int64_t>(found.object->size()));
  if (found.object == nullptr) return;
  found.object->ForEach([&call](std::string_view field, std::string_view value) {
    call.reply.Bulk(field);
    call.reply.Bulk(value);
  });
}

void ReplyHalf(Call& call, bool fields) {
  const auto found = FindToRead<Hash>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Array(found.object == nullptr ? 0 : static_cast<int64_t>(found.object->size()));
  if (found.object == nullptr) return;
  found.object->ForEach(
      [&](std::string_view field, std::string_view value) { call.reply.Bulk(fields ? field : value); });
}

void KeysCommand(Call& call) { ReplyHalf(call, true); }
void ValsCommand(Call& call) { ReplyHalf(call, false); }

void LenCommand(Call& call) {
  const auto found = FindToRead<Hash>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Integer(found.object == nullptr ? 0 : static_cast<int64_t>(found.object->size()));
}

void DelCommand(Call& call) {
  const std::string_view key = call.args[1];
  const auto found = FindToWrite<Hash>(call, key);
  if (found.refused) return;
  int64_t deleted = 0;
  bool emptied = false;
  if (found.object != nullptr) {
    keyspace::ObjectEdit edit(call.db, call.slot, key, *found.entry);
    for (const std::string_view field : call.args.subspan(2)) deleted += edit.As<Hash>().Erase(field) ? 1 : 0;
    emptied = found.object->size() == 0;
    if (deleted > 0) edit.Changed(static_cast<uint64_t>(deleted));
    edit.EraseIf(emptied);
  }
  if (deleted > 0) Notify(call, NotifyClass::kHash, "hdel", key);
  if (emptied) Notify(call, NotifyClass::kGeneric, "del", key);
  call.reply.Integer(deleted);
}

void ExistsCommand(Call& call) {
  const auto found = FindToRead<Hash>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Integer(found.object != nullptr && found.object->Contains(call.args[2]) ? 1 : 0);
}

void StrLenCommand(Call& call) {
  const auto found = FindToRead<Hash>(call, call.args[1]);
  if (found.refused) return;
  char buffer[types::kMaxIntegerDigits];
  const auto value = found.object == nullptr ? std::nullopt : found.object->Get(call.args[2], buffer);
  call.reply.Integer(value ? static_cast<int64_t>(value->size()) : 0);
}

void IncrByCommand(Call& call) {
  const auto change = types::ParseInteger(call.args[3]);
  if (!change) return call.reply.Error(kNotInteger);
  const auto found = FindToWrite<Hash>(call, call.args[1]);
  if (found.refused) return;
  char buffer[types::kMaxIntegerDigits];
  int64_t value = 0;
  if (const auto held = found.object == nullptr ? std::nullopt : found.object->Get(call.args[2], buffer)) {
    const auto integer = types::ParseInteger(*held);
    if (!integer) return call.reply.Error("ERR hash value is not an integer");
    value = *integer;
  }
  if (__builtin_add_overflow(value, *change, &value)) {
    return call.reply.Error("ERR increment or decrement would overflow");
  }
  SetField(call, found, std::to_string(value), "hincrby");
  call.reply.Integer(value);
}

void IncrByFloatCommand(Call& call) {
  const auto change = types::ParseLongDouble(call.args[3]);
  if (!change) return call.reply.Error(kNotFloat);
  if (std::isnan(*change) || std::isinf(*change)) return call.reply.Error("ERR value is NaN or Infinity");
  const auto found = FindToWrite<Hash>(call, call.args[1]);
  if (found.refused) return;
  char buffer[types::kMaxIntegerDigits];
  long double value = 0;
  if (const auto held = found.object == nullptr ? std::nullopt : found.object->Get(call.args[2], buffer)) {
    const auto number = types::ParseLongDouble(*held);
    if (!number) return call.reply.Error("ERR hash value is not a float");
    value = *number;
  }
  value += *change;
  if (std::isnan(value) || std::isinf(value)) return call.reply.Error("ERR increment would produce NaN or Infinity");
  const std::string text = types::FormatLongDouble(value);
  SetField(call, found, text, "hincrbyfloat");
  // As it was rounded here, so that no other machine comes to another result.
  call.effects.Replace({"HSET", call.args[1], call.args[2], text});
  call.reply.Bulk(text);
}

void RandFieldCommand(Call& call) {
  if (call.args.size() == 2) {
    const auto found = FindToRead<Hash>(call, call.args[1]);
    if (found.refused) return;
    if (found.object == nullptr) return call.reply.Null();
    return found.object->Random(RandomOf(call), [&call](std::string_view field, std::string_view) {
      call.reply.Bulk(field);
    });
  }
  const auto wanted = ParsePickCount(call, call.args[2]);
  if (!wanted) return;
  const bool values = call.args.size() == 4 && EqualsNoCase(call.args[3], "WITHVALUES");
  if (call.args.size() > 3 && !values) return call.reply.Error(kSyntaxError);
  if (values && (*wanted < -LONG_MAX / 2 || *wanted > LONG_MAX / 2)) return call.reply.Error("ERR value is out of range");
  const auto found = FindToRead<Hash>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr || *wanted == 0) return call.reply.Array(0);
  const bool pairs = values && call.reply.protocol() == 3;
  const auto write = [&](std::string_view field, std::string_view value) {
    if (pairs) call.reply.Array(2);
    call.reply.Bulk(field);
    if (values) call.reply.Bulk(value);
  };
  const int64_t count = PickCount(*wanted, found.object->size());
  call.reply.Array(values && !pairs ? count * 2 : count);
  PickElements<Hash>(*found.object, *wanted, RandomOf(call), write);
}

void ScanCommand(Call& call) {
  const auto cursor = ParseCursor(call, call.args[2]);
  if (!cursor) return;
  const auto found = FindToRead<Hash>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr) return ReplyScan(call, 0, 0, {});
  const auto options = ParseScan(call, 3, ScanOf::kElements);
  if (!options) return;
  std::string body;
  resp::ReplyWriter writer(&body, call.reply.protocol());
  int64_t count = 0;
  const uint64_t next = ScanElements<Hash>(*found.object, *cursor, *options, [&](std::string_view field, std::string_view value) {
    if (options->pattern && !base::GlobMatch(*options->pattern, field)) return;
    writer.Bulk(field);
    writer.Bulk(value);
    count += 2;
  });
  ReplyScan(call, next, count, body);
}

const CommandSpec kRows[] = {
    {"hset", -4, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyUpdate, nullptr}, kAclHash,
     {"Sets fields of a hash, which is created if it does not exist.", "2.0.0", "hash", "O(1)"}, SetCommand},
    {"hsetnx", 4, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyInsert, nullptr}, kAclHash,
     {"Sets a field of a hash unless it exists.", "2.0.0", "hash", "O(1)"}, SetNxCommand},
    {"hmset", -4, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyUpdate, nullptr}, kAclHash,
     {"Sets fields of a hash; HSET tells how many were new.", "2.0.0", "hash", "O(N)"}, SetCommand},
    {"hget", 3, kReadonly | kFast, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclHash,
     {"Returns the value of a field.", "2.0.0", "hash", "O(1)"}, GetCommand},
    {"hmget", -3, kReadonly | kFast, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclHash,
     {"Returns the values of fields, a null for each that does not exist.", "2.0.0", "hash", "O(N)"}, MGetCommand},
    {"hgetall", 2, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclHash,
     {"Returns all fields and values.", "2.0.0", "hash", "O(N)"}, GetAllCommand},
    {"hkeys", 2, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclHash,
     {"Returns all fields.", "2.0.0", "hash", "O(N)"}, KeysCommand},
    {"hvals", 2, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclHash,
     {"Returns all values.", "2.0.0", "hash", "O(N)"}, ValsCommand},
    {"hlen", 2, kReadonly | kFast, {1, 1, 1, kKeyRO, nullptr}, kAclHash,
     {"Returns how many fields there are.", "2.0.0", "hash", "O(1)"}, LenCommand},
    {"hdel", -3, kWrite | kFast, {1, 1, 1, kKeyRW | kKeyDelete, nullptr}, kAclHash,
     {"Deletes fields; a hash without fields is gone.", "2.0.0", "hash", "O(N)"}, DelCommand},
    {"hexists", 3, kReadonly | kFast, {1, 1, 1, kKeyRO, nullptr}, kAclHash,
     {"Tells whether a field exists.", "2.0.0", "hash", "O(1)"}, ExistsCommand},
    {"hincrby", 4, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyAccess | kKeyUpdate, nullptr}, kAclHash,
     {"Adds to the integer in a field; an absent field counts from zero.", "2.0.0", "hash", "O(1)"}, IncrByCommand},
    {"hincrbyfloat", 4, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyAccess | kKeyUpdate, nullptr}, kAclHash,
     {"Adds to the decimal number in a field; an absent field counts from zero.", "2.6.0", "hash", "O(1)"}, IncrByFloatCommand},
    {"hstrlen", 3, kReadonly | kFast, {1, 1, 1, kKeyRO, nullptr}, kAclHash,
     {"Returns the length of the value of a field.", "3.2.0", "hash", "O(1)"}, StrLenCommand},
    {"hrandfield", -2, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclHash,
     {"Returns fields picked at random.", "6.2.0", "hash", "O(N)"}, RandFieldCommand},
    {"hscan", -3, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclHash,
     {"Returns fields and values in portions, by cursor.", "2.8.0", "hash", "O(1)"}, ScanCommand},
};

}  // namespace

std::span<const CommandSpec> HashCommands() { return kRows; }

}  // namespace windlass::commands
