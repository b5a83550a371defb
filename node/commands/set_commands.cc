// Sets: members under one key. What several sets make together: set_algebra_commands.cc.
#include <string>
#include <vector>

#include "node/base/glob.h"
#include "node/base/random.h"
#include "node/commands/container_families.h"
#include "node/commands/containers.h"
#include "node/commands/key_positions.h"
#include "node/commands/random_picks.h"
#include "node/commands/scan_arguments.h"
#include "node/commands/set_commands.h"
#include "node/types/number.h"

namespace windlass::commands {

using types::Set;

namespace {

void SAddCommand(Call& call) {
  const std::string_view key = call.args[1];
  const auto found = FindToWrite<Set>(call, key);
  if (found.refused) return;
  const size_t members = call.args.size() - 2;
  keyspace::Entry& entry =
      found.entry != nullptr
          ? *found.entry
          : *call.db.InsertObject(call.slot, key, std::make_unique<Set>(call.args[2], members, LimitsOf(call)));
  uint64_t added = 0;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, entry);
    if (found.entry != nullptr) edit.As<Set>().Expect(members, LimitsOf(call));
    for (const std::string_view member : call.args.subspan(2)) added += edit.As<Set>().Add(member, LimitsOf(call)) ? 1 : 0;
    if (added > 0) edit.Changed(added);
  }
  if (added > 0) Notify(call, NotifyClass::kSet, "sadd", key);
  call.reply.Integer(static_cast<int64_t>(added));
}

// Removes members; tells "srem", and "del" if the set is empty then.
uint64_t Remove(Call& call, std::string_view key, const Found<Set>& found, std::span<const std::string_view> members,
                std::string_view event) {
  uint64_t removed = 0;
  bool emptied = false;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, *found.entry);
    for (const std::string_view member : members) removed += edit.As<Set>().Erase(member) ? 1 : 0;
    emptied = found.object->size() == 0;
    if (removed > 0) edit.Changed(removed);
    edit.EraseIf(emptied);
  }
  if (removed > 0) Notify(call, NotifyClass::kSet, event, key);
  if (emptied) Notify(call, NotifyClass::kGeneric, "del", key);
  return removed;
}

void SRemCommand(Call& call) {
  const auto found = FindToWrite<Set>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr) return call.reply.Integer(0);
  call.reply.Integer(static_cast<int64_t>(Remove(call, call.args[1], found, call.args.subspan(2), "srem")));
}

void SMembersCommand(Call& call) {
  const auto found = FindToRead<Set>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Set(found.object == nullptr ? 0 : static_cast<int64_t>(found.object->size()));
  if (found.object != nullptr) found.object->ForEach([&call](std::string_view member) { call.reply.Bulk(member); });
}

void SIsMemberCommand(Call& call) {
  const auto found = FindToRead<Set>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Integer(found.object != nullptr && found.object->Contains(call.args[2]) ? 1 : 0);
}

void SMIsMemberCommand(Call& call) {
  const auto found = FindToRead<Set>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Array(static_cast<int64_t>(call.args.size() - 2));
  for (const std::string_view member : call.args.subspan(2)) {
    call.reply.Integer(found.object != nullptr && found.object->Contains(member) ? 1 : 0);
  }
}

void SCardCommand(Call& call) {
  const auto found = FindToRead<Set>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Integer(found.object == nullptr ? 0 : static_cast<int64_t>(found.object->size()));
}

// The log gets the members that were picked, not the picking; or that all are gone, if that
// was asked for by number.
void RemovePicked(Call& call, const Found<Set>& found, const std::vector<std::string>& picked) {
  std::vector<std::string_view> argv = {"SREM", call.args[1]};
  argv.insert(argv.end(), picked.begin(), picked.end());
  const bool all = call.args.size() > 2 && picked.size() == found.object->size();
  Remove(call, call.args[1], found, std::span(argv).subspan(2), "spop");
  if (all) {
    call.effects.Replace({LoggedDeletion(call, "lazyfree-lazy-server-del"), call.args[1]});
  } else {
    call.effects.Replace(argv);
  }
}

void SPopCommand(Call& call) {
  const bool counted = call.args.size() > 2;
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  const auto wanted = counted ? types::ParseInteger(call.args[2]) : std::optional<int64_t>(1);
  if (!wanted || *wanted < 0) return call.reply.Error("ERR value is out of range, must be positive");
  const auto found = FindToWrite<Set>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr || *wanted == 0) return counted ? call.reply.Set(0) : call.reply.Null();
  std::vector<std::string> picked;
  PickElements<Set>(*found.object, *wanted, RandomOf(call), [&picked](std::string_view member) {
    picked.emplace_back(member);
  });
  RemovePicked(call, found, picked);
  if (!counted) return call.reply.Bulk(picked[0]);
  call.reply.Set(static_cast<int64_t>(picked.size()));
  for (const std::string& member : picked) call.reply.Bulk(member);
}

void SRandMemberCommand(Call& call) {
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  const bool counted = call.args.size() == 3;
  const auto wanted = counted ? ParsePickCount(call, call.args[2]) : std::optional<int64_t>(1);
  if (!wanted) return;
  const auto found = FindToRead<Set>(call, call.args[1]);
  if (found.refused) return;
  const auto write = [&call](std::string_view member) { call.reply.Bulk(member); };
  if (!counted) {
    return found.object == nullptr ? call.reply.Null() : found.object->Random(RandomOf(call), write);
  }
  if (found.object == nullptr || *wanted == 0) return call.reply.Array(0);
  call.reply.Array(PickCount(*wanted, found.object->size()));
  PickElements<Set>(*found.object, *wanted, RandomOf(call), write);
}

void SMoveCommand(Call& call) {
  const std::string_view source_key = call.args[1];
  const std::string_view target_key = call.args[2];
  const std::string_view member = call.args[3];
  const auto source = FindToWrite<Set>(call, source_key);
  if (source.entry == nullptr) return call.reply.Integer(0);
  if (source.refused) return;
  const auto target = FindToWrite<Set>(call, target_key);
  if (target.refused) return;
  if (source.entry == target.entry) return call.reply.Integer(source.object->Contains(member) ? 1 : 0);
  if (!source.object->Contains(member)) return call.reply.Integer(0);
  const std::string_view members[] = {member};
  Remove(call, source_key, source, members, "srem");
  // Removing may have moved entries: the target is looked up again.
  const auto there = FindToWrite<Set>(call, target_key);
  keyspace::Entry& entry =
      there.entry != nullptr
          ? *there.entry
          : *call.db.InsertObject(call.slot, target_key, std::make_unique<Set>(member, 1, LimitsOf(call)));
  bool added = false;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, target_key, entry);
    added = edit.As<Set>().Add(member, LimitsOf(call));
    if (added) edit.Changed();
  }
  if (added) Notify(call, NotifyClass::kSet, "sadd", target_key);
  call.reply.Integer(1);
}

void SScanCommand(Call& call) {
  const auto cursor = ParseCursor(call, call.args[2]);
  if (!cursor) return;
  const auto found = FindToRead<Set>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr) return ReplyScan(call, 0, 0, {});
  const auto options = ParseScan(call, 3, ScanOf::kElements);
  if (!options) return;
  std::string body;
  resp::ReplyWriter writer(&body, call.reply.protocol());
  int64_t count = 0;
  const uint64_t next = ScanElements<Set>(*found.object, *cursor, *options, [&](std::string_view member) {
    if (options->pattern && !base::GlobMatch(*options->pattern, member)) return;
    writer.Bulk(member);
    ++count;
  });
  ReplyScan(call, next, count, body);
}

const CommandSpec kRows[] = {
    {"sadd", -3, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyInsert, nullptr}, kAclSet,
     {"Adds members to a set, which is created if it does not exist.", "1.0.0", "set", "O(1)"}, SAddCommand},
    {"srem", -3, kWrite | kFast, {1, 1, 1, kKeyRW | kKeyDelete, nullptr}, kAclSet,
     {"Removes members; a set without members is gone.", "1.0.0", "set", "O(N)"}, SRemCommand},
    {"smembers", 2, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclSet,
     {"Returns all members.", "1.0.0", "set", "O(N)"}, SMembersCommand},
    {"sismember", 3, kReadonly | kFast, {1, 1, 1, kKeyRO, nullptr}, kAclSet,
     {"Tells whether a member belongs to a set.", "1.0.0", "set", "O(1)"}, SIsMemberCommand},
    {"smismember", -3, kReadonly | kFast, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclSet,
     {"Tells for each member whether it belongs to a set.", "6.2.0", "set", "O(N)"}, SMIsMemberCommand},
    {"scard", 2, kReadonly | kFast, {1, 1, 1, kKeyRO, nullptr}, kAclSet,
     {"Returns how many members there are.", "1.0.0", "set", "O(1)"}, SCardCommand},
    {"spop", -2, kWrite | kFast, {1, 1, 1, kKeyRW | kKeyAccess | kKeyDelete, nullptr}, kAclSet,
     {"Removes members picked at random and returns them.", "1.0.0", "set", "Without the count argument O(1), otherwise O(N)"}, SPopCommand},
    {"srandmember", -2, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclSet,
     {"Returns members picked at random.", "1.0.0", "set", "Without the count argument O(1), otherwise O(N)"}, SRandMemberCommand},
    {"smove", 4, kWrite | kFast, {1, 2, 1, kKeyRW | kKeyAccess | kKeyDelete, MoveKeys}, kAclSet,
     {"Moves a member from one set to another.", "1.0.0", "set", "O(1)"}, SMoveCommand},
    {"sinter", -2, kReadonly, {1, -1, 1, kKeyRO | kKeyAccess, nullptr}, kAclSet,
     {"Returns the members that all sets have.", "1.0.0", "set", "O(N*M) worst case"}, SInterCommand},
    {"sinterstore", -3, kWrite | kDenyOom, {1, -1, 1, kKeyOW | kKeyUpdate, StoreKeys<kKeyOW | kKeyUpdate>}, kAclSet,
     {"Stores the members that all sets have.", "1.0.0", "set", "O(N*M) worst case"}, SInterStoreCommand},
    {"sintercard", -3, kReadonly | kMovableKeys, {0, 0, 0, kKeyRO | kKeyAccess, KeysByCount<1>}, kAclSet,
     {"Counts the members that all sets have.", "7.0.0", "set", "O(N*M) worst case"}, SInterCardCommand},
    {"sunion", -2, kReadonly, {1, -1, 1, kKeyRO | kKeyAccess, nullptr}, kAclSet,
     {"Returns the members that any of the sets has.", "1.0.0", "set", "O(N)"}, SUnionCommand},
    {"sunionstore", -3, kWrite | kDenyOom, {1, -1, 1, kKeyOW | kKeyUpdate, StoreKeys<kKeyOW | kKeyUpdate>}, kAclSet,
     {"Stores the members that any of the sets has.", "1.0.0", "set", "O(N)"}, SUnionStoreCommand},
    {"sdiff", -2, kReadonly, {1, -1, 1, kKeyRO | kKeyAccess, nullptr}, kAclSet,
     {"Returns the members of the first set that no other has.", "1.0.0", "set", "O(N)"}, SDiffCommand},
    {"sdiffstore", -3, kWrite | kDenyOom, {1, -1, 1, kKeyOW | kKeyUpdate, StoreKeys<kKeyOW | kKeyUpdate>}, kAclSet,
     {"Stores the members of the first set that no other has.", "1.0.0", "set", "O(N)"}, SDiffStoreCommand},
    {"sscan", -3, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclSet,
     {"Returns members in portions, by cursor.", "2.8.0", "set", "O(1)"}, SScanCommand},
};

}  // namespace

std::span<const CommandSpec> SetCommands() { return kRows; }

}  // namespace windlass::commands
