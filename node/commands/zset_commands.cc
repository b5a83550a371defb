// Sorted sets: members with a score each. Ranges, pops and what several sets make
// together stand in files of their own (zset_commands.h).
#include "node/commands/zset_commands.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "node/base/glob.h"
#include "node/base/random.h"
#include "node/commands/container_families.h"
#include "node/commands/key_positions.h"
#include "node/commands/random_picks.h"
#include "node/commands/scan_arguments.h"
#include "node/types/number.h"
#include "node/types/real_number.h"

namespace windlass::commands {

using types::Zset;

void ReplyElementCount(Call& call, size_t count, ElementsReply form) {
  const bool flat = form.with_scores && !form.always_pairs && call.reply.protocol() != 3;
  call.reply.Array(static_cast<int64_t>(flat ? count * 2 : count));
}

void ReplyElement(Call& call, std::string_view member, double score, ElementsReply form) {
  if (form.with_scores && (form.always_pairs || call.reply.protocol() == 3)) call.reply.Array(2);
  call.reply.Bulk(member);
  if (form.with_scores) call.reply.Double(score);
}

void StoreResult(Call& call, std::string_view key, std::unique_ptr<Zset> result, std::string_view event) {
  const int64_t size = static_cast<int64_t>(result->size());
  if (size == 0) {
    if (call.db.Find(call.slot, key, call.now_ms) != nullptr) DeleteKey(call, key);
    return call.reply.Integer(0);
  }
  call.db.SetObject(call.slot, key, std::move(result));
  Notify(call, NotifyClass::kSortedSet, event, key);
  call.reply.Integer(size);
}

void RemoveRange(Call& call, std::string_view key, const Found<Zset>& found, size_t first, size_t count,
                 std::string_view event) {
  bool emptied = false;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, *found.entry);
    edit.As<Zset>().EraseRange(first, count);
    emptied = found.object->size() == 0;
    edit.Changed(count);
    edit.EraseIf(emptied);
  }
  Notify(call, NotifyClass::kSortedSet, event, key);
  if (emptied) Notify(call, NotifyClass::kGeneric, "del", key);
}

namespace {

// --- ZADD and ZINCRBY

struct AddOptions {
  bool only_new = false;       // NX
  bool only_existing = false;  // XX
  bool only_greater = false;   // GT
  bool only_less = false;      // LT
  bool count_changed = false;  // CH
  bool increment = false;      // INCR
};

struct Addition {
  AddOptions options;
  std::span<const std::string_view> elements;  // score member ...
  std::vector<double> scores;
  size_t longest = 0;  // bytes of a member
};

// Nothing: the error reply was written.
std::optional<Addition> ParseAddition(Call& call, std::span<const std::string_view> args, bool increment) {
  const auto refuse = [&call](std::string_view error) {
    call.reply.Error(error);
    return std::nullopt;
  };
  Addition addition;
  AddOptions& options = addition.options;
  options.increment = increment;
  size_t at = 2;
  for (; at < args.size(); ++at) {
    const std::string_view word = args[at];
    if (word.size() > 4) break;
    if (EqualsNoCase(word, "NX")) options.only_new = true;
    else if (EqualsNoCase(word, "XX")) options.only_existing = true;
    else if (EqualsNoCase(word, "GT")) options.only_greater = true;
    else if (EqualsNoCase(word, "LT")) options.only_less = true;
    else if (EqualsNoCase(word, "CH")) options.count_changed = true;
    else if (EqualsNoCase(word, "INCR")) options.increment = true;
    else break;
  }
  addition.elements = args.subspan(at);
  if (addition.elements.empty() || addition.elements.size() % 2 != 0) return refuse(kSyntaxError);
  if (options.only_new && options.only_existing) {
    return refuse("ERR XX and NX options at the same time are not compatible");
  }
  if (options.only_new + options.only_greater + options.only_less > 1) {
    return refuse("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (options.increment && addition.elements.size() > 2) {
    return refuse("ERR INCR option supports a single increment-element pair");
  }
  addition.scores.reserve(addition.elements.size() / 2);
  for (size_t i = 0; i < addition.elements.size(); i += 2) {
    const auto score = types::ParseDouble(addition.elements[i]);
    if (!score) return refuse(kNotFloat);
    addition.scores.push_back(*score);
    addition.longest = std::max(addition.longest, addition.elements[i + 1].size());
  }
  return addition;
}

enum class Outcome { kNothing, kKept, kAdded, kUpdated, kNotANumber };

// Gives one member a score, or adds to it; *score is the one it has then.
Outcome AddElement(Zset& zset, const AddOptions& options, double* score, std::string_view member,
                   const types::Limits& limits) {
  const auto current = zset.Score(member);
  if (!current) {
    if (options.only_existing) return Outcome::kNothing;
    zset.Add(*score, member, limits);
    return Outcome::kAdded;
  }
  if (options.only_new) return Outcome::kNothing;
  if (options.increment) {
    *score += *current;
    if (std::isnan(*score)) return Outcome::kNotANumber;
  }
  if ((options.only_less && *score >= *current) || (options.only_greater && *score <= *current)) return Outcome::kNothing;
  if (*score == *current) return Outcome::kKept;
  zset.Change(*current, *score, member);
  return Outcome::kUpdated;
}

}  // namespace

bool AddElements(Call& call, std::span<const std::string_view> args, bool increment) {
  const auto addition = ParseAddition(call, args, increment);
  if (!addition) return false;
  const AddOptions& options = addition->options;
  const std::string_view key = args[1];
  const auto found = FindToWrite<Zset>(call, key);
  if (found.refused) return false;
  if (found.object == nullptr && options.only_existing) {
    options.increment ? call.reply.Null() : call.reply.Integer(0);
    return false;
  }
  const types::Limits& limits = LimitsOf(call);
  const size_t elements = addition->scores.size();
  keyspace::Entry& entry =
      found.entry != nullptr
          ? *found.entry
          : *call.db.InsertObject(call.slot, key, std::make_unique<Zset>(elements, addition->longest, limits));
  uint64_t added = 0;
  uint64_t updated = 0;
  Outcome outcome = Outcome::kNothing;
  double score = 0;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, entry);
    Zset& zset = edit.As<Zset>();
    if (found.entry != nullptr) zset.Expect(elements, addition->longest, limits);
    for (size_t i = 0; i < elements; ++i) {
      score = addition->scores[i];
      outcome = AddElement(zset, options, &score, addition->elements[2 * i + 1], limits);
      if (outcome == Outcome::kAdded) ++added;
      if (outcome == Outcome::kUpdated) ++updated;
    }
    if (added + updated > 0) edit.Changed(added + updated);
  }
  const bool changed = added + updated > 0;
  if (changed) Notify(call, NotifyClass::kSortedSet, options.increment ? "zincr" : "zadd", key);
  if (outcome == Outcome::kNotANumber) {
    call.reply.Error("ERR resulting score is not a number (NaN)");
  } else if (!options.increment) {
    call.reply.Integer(static_cast<int64_t>(options.count_changed ? added + updated : added));
  } else if (outcome == Outcome::kNothing) {
    call.reply.Null();
  } else {
    call.reply.Double(score);
  }
  return changed;
}

bool StoreOfOneKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  if (args.size() < 3) return false;
  out->push_back({1, kKeyOW | kKeyUpdate});
  out->push_back({2, kKeyRO | kKeyAccess});
  return true;
}

namespace {

void ZAddCommand(Call& call) { AddElements(call, call.args, false); }
void ZIncrByCommand(Call& call) { AddElements(call, call.args, true); }

void ZRemCommand(Call& call) {
  const std::string_view key = call.args[1];
  const auto found = FindToWrite<Zset>(call, key);
  if (found.refused) return;
  if (found.object == nullptr) return call.reply.Integer(0);
  uint64_t removed = 0;
  bool emptied = false;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, *found.entry);
    Zset& zset = edit.As<Zset>();
    for (const std::string_view member : call.args.subspan(2)) {
      const auto score = zset.Score(member);
      if (!score) continue;
      zset.Erase(*score, member);
      ++removed;
    }
    emptied = zset.size() == 0;
    if (removed > 0) edit.Changed(removed);
    edit.EraseIf(emptied);
  }
  if (removed > 0) Notify(call, NotifyClass::kSortedSet, "zrem", key);
  if (emptied) Notify(call, NotifyClass::kGeneric, "del", key);
  call.reply.Integer(static_cast<int64_t>(removed));
}

// --- reading one element

void ZCardCommand(Call& call) {
  const auto found = FindToRead<Zset>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Integer(found.object == nullptr ? 0 : static_cast<int64_t>(found.object->size()));
}

void ReplyScore(Call& call, const Found<Zset>& found, std::string_view member) {
  const auto score = found.object == nullptr ? std::nullopt : found.object->Score(member);
  return score ? call.reply.Double(*score) : call.reply.Null();
}

void ZScoreCommand(Call& call) {
  const auto found = FindToRead<Zset>(call, call.args[1]);
  if (!found.refused) ReplyScore(call, found, call.args[2]);
}

void ZMScoreCommand(Call& call) {
  const auto found = FindToRead<Zset>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Array(static_cast<int64_t>(call.args.size() - 2));
  for (const std::string_view member : call.args.subspan(2)) ReplyScore(call, found, member);
}

void ReplyRank(Call& call, bool from_end) {
  if (call.args.size() > 4) {
    return call.reply.Error("ERR wrong number of arguments for '" + std::string(call.spec.name) + "' command");
  }
  const bool with_score = call.args.size() == 4;
  if (with_score && !EqualsNoCase(call.args[3], "WITHSCORE")) return call.reply.Error(kSyntaxError);
  const auto found = FindToRead<Zset>(call, call.args[1]);
  if (found.refused) return;
  const auto score = found.object == nullptr ? std::nullopt : found.object->Score(call.args[2]);
  if (!score) return with_score ? call.reply.NullArray() : call.reply.Null();
  const size_t rank = found.object->CountBelow(types::ZsetBound(*score, call.args[2]));
  if (with_score) call.reply.Array(2);
  call.reply.Integer(static_cast<int64_t>(from_end ? found.object->size() - 1 - rank : rank));
  if (with_score) call.reply.Double(*score);
}

void ZRankCommand(Call& call) { ReplyRank(call, false); }
void ZRevRankCommand(Call& call) { ReplyRank(call, true); }

// --- at random, and all in portions

void ZRandMemberCommand(Call& call) {
  if (call.args.size() == 2) {
    const auto found = FindToRead<Zset>(call, call.args[1]);
    if (found.refused) return;
    if (found.object == nullptr) return call.reply.Null();
    return found.object->Random(RandomOf(call), [&call](std::string_view member, double) { call.reply.Bulk(member); });
  }
  const auto wanted = ParsePickCount(call, call.args[2]);
  if (!wanted) return;
  const bool scores = call.args.size() == 4 && EqualsNoCase(call.args[3], "WITHSCORES");
  if (call.args.size() > 3 && !scores) return call.reply.Error(kSyntaxError);
  if (scores && (*wanted < -LONG_MAX / 2 || *wanted > LONG_MAX / 2)) return call.reply.Error("ERR value is out of range");
  const auto found = FindToRead<Zset>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr || *wanted == 0) return call.reply.Array(0);
  const ElementsReply form{.with_scores = scores};
  ReplyElementCount(call, static_cast<size_t>(PickCount(*wanted, found.object->size())), form);
  PickElements<Zset>(*found.object, *wanted, RandomOf(call), [&](std::string_view member, double score) {
    ReplyElement(call, member, score, form);
  });
}

// The two forms print a score differently here, and here alone.
std::string ScannedScore(double score, types::Encoding encoding) {
  if (encoding == types::Encoding::kListpack) return resp::FormatDouble(score);
  char text[40];
  return std::string(text, static_cast<size_t>(std::snprintf(text, sizeof text, "%.17g", score)));
}

void ZScanCommand(Call& call) {
  const auto cursor = ParseCursor(call, call.args[2]);
  if (!cursor) return;
  const auto found = FindToRead<Zset>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr) return ReplyScan(call, 0, 0, {});
  const auto options = ParseScan(call, 3, ScanOf::kElements);
  if (!options) return;
  std::string body;
  resp::ReplyWriter writer(&body, call.reply.protocol());
  int64_t count = 0;
  const uint64_t next = ScanElements<Zset>(*found.object, *cursor, *options, [&](std::string_view member, double score) {
    if (options->pattern && !base::GlobMatch(*options->pattern, member)) return;
    writer.Bulk(member);
    writer.Bulk(ScannedScore(score, found.object->encoding()));
    count += 2;
  });
  ReplyScan(call, next, count, body);
}

// --- rows

constexpr uint16_t kRead = kKeyRO | kKeyAccess;
constexpr uint16_t kTaken = kKeyRW | kKeyAccess | kKeyDelete;
constexpr KeySpec kOneRead{1, 1, 1, kRead, nullptr};

const CommandSpec kRows[] = {
    {"zadd", -4, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyUpdate, nullptr}, kAclSortedSet,
     {"Gives members a score each, adding those that are not there.", "1.2.0", "sorted-set", "O(log(N))"}, ZAddCommand},
    {"zincrby", 4, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyAccess | kKeyUpdate, nullptr}, kAclSortedSet,
     {"Adds to the score of a member.", "1.2.0", "sorted-set", "O(log(N))"}, ZIncrByCommand},
    {"zrem", -3, kWrite | kFast, {1, 1, 1, kKeyRW | kKeyDelete, nullptr}, kAclSortedSet,
     {"Removes members; a sorted set without members is gone.", "1.2.0", "sorted-set", "O(M*log(N))"}, ZRemCommand},
    {"zcard", 2, kReadonly | kFast, {1, 1, 1, kKeyRO, nullptr}, kAclSortedSet,
     {"Returns how many members there are.", "1.2.0", "sorted-set", "O(1)"}, ZCardCommand},
    {"zscore", 3, kReadonly | kFast, kOneRead, kAclSortedSet,
     {"Returns the score of a member.", "1.2.0", "sorted-set", "O(1)"}, ZScoreCommand},
    {"zmscore", -3, kReadonly | kFast, kOneRead, kAclSortedSet,
     {"Returns the scores of members, a null for each that is not there.", "6.2.0", "sorted-set", "O(N)"}, ZMScoreCommand},
    {"zrank", -3, kReadonly | kFast, kOneRead, kAclSortedSet,
     {"Returns the index of a member, from the lowest score.", "2.0.0", "sorted-set", "O(log(N))"}, ZRankCommand},
    {"zrevrank", -3, kReadonly | kFast, kOneRead, kAclSortedSet,
     {"Returns the index of a member, from the highest score.", "2.0.0", "sorted-set", "O(log(N))"}, ZRevRankCommand},
    {"zrandmember", -2, kReadonly, kOneRead, kAclSortedSet,
     {"Returns members picked at random.", "6.2.0", "sorted-set", "O(N)"}, ZRandMemberCommand},
    {"zscan", -3, kReadonly, kOneRead, kAclSortedSet,
     {"Returns the members portion by portion.", "2.8.0", "sorted-set", "O(1)"}, ZScanCommand},
    {"zcount", 4, kReadonly | kFast, kOneRead, kAclSortedSet,
     {"Counts the members in a range of scores.", "2.0.0", "sorted-set", "O(log(N))"}, ZCountCommand},
    {"zlexcount", 4, kReadonly | kFast, kOneRead, kAclSortedSet,
     {"Counts the members in a lexical range.", "2.8.9", "sorted-set", "O(log(N))"}, ZLexCountCommand},
    {"zrange", -4, kReadonly, kOneRead, kAclSortedSet,
     {"Returns a range by index, score or member.", "1.2.0", "sorted-set", "O(log(N)+M)"}, ZRangeCommand},
    {"zrevrange", -4, kReadonly, kOneRead, kAclSortedSet,
     {"Returns a range by index, from the highest score.", "1.2.0", "sorted-set", "O(log(N)+M)"}, ZRevRangeCommand},
    {"zrangebyscore", -4, kReadonly, kOneRead, kAclSortedSet,
     {"Returns a range of scores.", "1.0.5", "sorted-set", "O(log(N)+M)"}, ZRangeByScoreCommand},
    {"zrevrangebyscore", -4, kReadonly, kOneRead, kAclSortedSet,
     {"Returns a range of scores, from the highest.", "2.2.0", "sorted-set", "O(log(N)+M)"}, ZRevRangeByScoreCommand},
    {"zrangebylex", -4, kReadonly, kOneRead, kAclSortedSet,
     {"Returns a lexical range.", "2.8.9", "sorted-set", "O(log(N)+M)"}, ZRangeByLexCommand},
    {"zrevrangebylex", -4, kReadonly, kOneRead, kAclSortedSet,
     {"Returns a lexical range, from its end.", "2.8.9", "sorted-set", "O(log(N)+M)"}, ZRevRangeByLexCommand},
    {"zrangestore", -5, kWrite | kDenyOom, {1, 2, 1, kKeyOW | kKeyUpdate, StoreOfOneKeys}, kAclSortedSet,
     {"Stores a range at a key.", "6.2.0", "sorted-set", "O(log(N)+M)"}, ZRangeStoreCommand},
    {"zremrangebyrank", 4, kWrite, {1, 1, 1, kKeyRW | kKeyDelete, nullptr}, kAclSortedSet,
     {"Removes the members in a range of indexes.", "2.0.0", "sorted-set", "O(log(N)+M)"}, ZRemRangeByRankCommand},
    {"zremrangebyscore", 4, kWrite, {1, 1, 1, kKeyRW | kKeyDelete, nullptr}, kAclSortedSet,
     {"Removes the members in a range of scores.", "1.2.0", "sorted-set", "O(log(N)+M)"}, ZRemRangeByScoreCommand},
    {"zremrangebylex", 4, kWrite, {1, 1, 1, kKeyRW | kKeyDelete, nullptr}, kAclSortedSet,
     {"Removes the members in a lexical range.", "2.8.9", "sorted-set", "O(log(N)+M)"}, ZRemRangeByLexCommand},
    {"zpopmin", -2, kWrite | kFast, {1, 1, 1, kTaken, nullptr}, kAclSortedSet,
     {"Takes the members with the lowest scores.", "5.0.0", "sorted-set", "O(M*log(N))"}, ZPopMinCommand},
    {"zpopmax", -2, kWrite | kFast, {1, 1, 1, kTaken, nullptr}, kAclSortedSet,
     {"Takes the members with the highest scores.", "5.0.0", "sorted-set", "O(M*log(N))"}, ZPopMaxCommand},
    {"bzpopmin", -3, kWrite | kBlocking | kFast, {1, -2, 1, kTaken, nullptr}, kAclSortedSet,
     {"Takes the member with the lowest score of the first sorted set that has one, waiting if none has.", "5.0.0",
      "sorted-set", "O(log(N))"}, BZPopMinCommand},
    {"bzpopmax", -3, kWrite | kBlocking | kFast, {1, -2, 1, kTaken, nullptr}, kAclSortedSet,
     {"Takes the member with the highest score of the first sorted set that has one, waiting if none has.", "5.0.0",
      "sorted-set", "O(log(N))"}, BZPopMaxCommand},
    {"zmpop", -4, kWrite | kMovableKeys, {0, 0, 0, kTaken, KeysByCount<1, kTaken>}, kAclSortedSet,
     {"Takes members from the first of several sorted sets that is not empty.", "7.0.0", "sorted-set", "O(M*log(N))"}, ZMPopCommand},
    {"bzmpop", -5, kWrite | kBlocking | kMovableKeys, {0, 0, 0, kTaken, KeysByCount<2, kTaken>}, kAclSortedSet,
     {"ZMPOP that waits for a member.", "7.0.0", "sorted-set", "O(M*log(N))"}, BZMPopCommand},
    {"zunion", -3, kReadonly | kMovableKeys, {0, 0, 0, kRead, KeysByCount<1>}, kAclSortedSet,
     {"Returns the union of sorted sets.", "6.2.0", "sorted-set", "O(N*log(N))"}, ZUnionCommand},
    {"zinter", -3, kReadonly | kMovableKeys, {0, 0, 0, kRead, KeysByCount<1>}, kAclSortedSet,
     {"Returns the intersection of sorted sets.", "6.2.0", "sorted-set", "O(N*K)"}, ZInterCommand},
    {"zdiff", -3, kReadonly | kMovableKeys, {0, 0, 0, kRead, KeysByCount<1>}, kAclSortedSet,
     {"Returns what is in the first of several sorted sets alone.", "6.2.0", "sorted-set", "O(N*K)"}, ZDiffCommand},
    {"zintercard", -3, kReadonly | kMovableKeys, {0, 0, 0, kRead, KeysByCount<1>}, kAclSortedSet,
     {"Counts the members that sorted sets have in common.", "7.0.0", "sorted-set", "O(N*K)"}, ZInterCardCommand},
    {"zunionstore", -4, kWrite | kDenyOom | kMovableKeys, {1, 1, 1, kKeyOW | kKeyUpdate, StoreKeysByCount}, kAclSortedSet,
     {"Stores the union of sorted sets at a key.", "2.0.0", "sorted-set", "O(N*log(N))"}, ZUnionStoreCommand},
    {"zinterstore", -4, kWrite | kDenyOom | kMovableKeys, {1, 1, 1, kKeyOW | kKeyUpdate, StoreKeysByCount}, kAclSortedSet,
     {"Stores the intersection of sorted sets at a key.", "2.0.0", "sorted-set", "O(N*K)"}, ZInterStoreCommand},
    {"zdiffstore", -4, kWrite | kDenyOom | kMovableKeys, {1, 1, 1, kKeyOW | kKeyUpdate, StoreKeysByCount}, kAclSortedSet,
     {"Stores the difference of sorted sets at a key.", "6.2.0", "sorted-set", "O(N*K)"}, ZDiffStoreCommand},
};

}  // namespace

std::span<const CommandSpec> SortedSetCommands() { return kRows; }

}  // namespace windlass::commands
