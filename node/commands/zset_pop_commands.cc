// Sorted sets: taking from an end, and waiting for something to take.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "node/commands/key_waits.h"
#include "node/commands/many_pop.h"
#include "node/commands/zset_commands.h"
#include "node/types/number.h"

namespace windlass::commands {

using types::Zset;

namespace {

enum class End { kMin, kMax };

using Popped = std::vector<std::pair<std::string, double>>;

std::string_view CommandOf(End end) { return end == End::kMin ? "ZPOPMIN" : "ZPOPMAX"; }

// Takes up to `count` elements.
Popped PopSome(Call& call, std::string_view key, const Found<Zset>& found, End end, size_t count) {
  const size_t size = found.object->size();
  count = std::min(count, size);
  const size_t first = end == End::kMin ? 0 : size - count;
  Popped popped;
  found.object->ForRange(first, count, end == End::kMax,
                         [&popped](std::string_view member, double score) { popped.emplace_back(member, score); });
  RemoveRange(call, key, found, first, count, end == End::kMin ? "zpopmin" : "zpopmax");
  return popped;
}

void ReplyPopped(Call& call, const Popped& popped, ElementsReply form) {
  ReplyElementCount(call, popped.size(), form);
  for (const auto& [member, score] : popped) ReplyElement(call, member, score, form);
}

void Pop(Call& call, End end) {
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  const bool counted = call.args.size() == 3;
  const auto count = counted ? types::ParseInteger(call.args[2]) : std::optional<int64_t>(1);
  if (!count || *count < 0) return call.reply.Error("ERR value is out of range, must be positive");
  const auto found = FindToWrite<Zset>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr || *count == 0) return call.reply.Array(0);
  const Popped popped = PopSome(call, call.args[1], found, end, static_cast<size_t>(*count));
  if (counted) return ReplyPopped(call, popped, {.with_scores = true});
  call.reply.Array(2);
  call.reply.Bulk(popped[0].first);
  call.reply.Double(popped[0].second);
}

void PopOrWait(Call& call, End end) {
  const auto deadline = ParseDeadline(call, call.args.back());
  if (!deadline) return;
  const auto keys = call.args.subspan(1, call.args.size() - 2);
  for (const std::string_view key : keys) {
    const auto found = FindToWrite<Zset>(call, key);
    if (found.refused) return;
    if (found.object == nullptr) continue;
    const Popped popped = PopSome(call, key, found, end, 1);
    call.reply.Array(3);
    call.reply.Bulk(key);
    call.reply.Bulk(popped[0].first);
    call.reply.Double(popped[0].second);
    return call.effects.Replace({CommandOf(end), key});
  }
  if (!WaitForKeys(call, keys, types::Type::kSortedSet, *deadline)) call.reply.NullArray();
}

// False: all sorted sets are empty, and no reply was written.
bool PopFromFirst(Call& call, const ManyPop& pop) {
  const End end = pop.second ? End::kMax : End::kMin;
  for (const std::string_view key : pop.keys) {
    const auto found = FindToWrite<Zset>(call, key);
    if (found.refused) return true;
    if (found.object == nullptr) continue;
    const Popped popped = PopSome(call, key, found, end, pop.count);
    call.reply.Array(2);
    call.reply.Bulk(key);
    ReplyPopped(call, popped, {.with_scores = true, .always_pairs = true});
    call.effects.Replace({CommandOf(end), key, std::to_string(popped.size())});
    return true;
  }
  return false;
}

}  // namespace

void ZPopMinCommand(Call& call) { Pop(call, End::kMin); }
void ZPopMaxCommand(Call& call) { Pop(call, End::kMax); }
void BZPopMinCommand(Call& call) { PopOrWait(call, End::kMin); }
void BZPopMaxCommand(Call& call) { PopOrWait(call, End::kMax); }

void ZMPopCommand(Call& call) {
  const auto pop = ParseManyPop(call, 1, {"MIN", "MAX"});
  if (pop && !PopFromFirst(call, *pop)) call.reply.NullArray();
}

void BZMPopCommand(Call& call) {
  const auto pop = ParseManyPop(call, 2, {"MIN", "MAX"});
  if (!pop) return;
  const auto deadline = ParseDeadline(call, call.args[1]);
  if (!deadline || PopFromFirst(call, *pop)) return;
  if (!WaitForKeys(call, pop->keys, types::Type::kSortedSet, *deadline)) call.reply.NullArray();
}

}  // namespace windlass::commands
