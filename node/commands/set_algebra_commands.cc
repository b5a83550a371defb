// What several sets make together: SINTER, SUNION, SDIFF, their STORE forms and
// SINTERCARD.
#include <algorithm>
#include <climits>
#include <string>
#include <vector>

#include "node/commands/containers.h"
#include "node/commands/set_commands.h"
#include "node/types/number.h"

namespace windlass::commands {

using types::Set;

namespace {

// The sets of the keys, null where there is none. Nothing: WRONGTYPE was replied.
std::optional<std::vector<const Set*>> SetsOf(Call& call, std::span<const std::string_view> keys) {
  std::vector<const Set*> sets;
  for (const std::string_view key : keys) {
    const auto found = FindToRead<Set>(call, key);
    if (found.refused) return std::nullopt;
    sets.push_back(found.object);
  }
  return sets;
}

bool AnyMissing(const std::vector<const Set*>& sets) {
  return std::find(sets.begin(), sets.end(), nullptr) != sets.end();
}

// Calls f for each common member until it returns false. REQUIRES: none is missing
void Intersect(std::vector<const Set*> sets, const std::function<bool(std::string_view)>& f) {
  std::sort(sets.begin(), sets.end(), [](const Set* a, const Set* b) { return a->size() < b->size(); });
  bool go_on = true;
  sets[0]->ForEach([&](std::string_view member) {
    if (!go_on) return;
    const bool in_all = std::all_of(sets.begin() + 1, sets.end(), [member](const Set* set) { return set->Contains(member); });
    if (in_all) go_on = f(member);
  });
}

// The result in a set of its own; empty if nothing is left.
std::unique_ptr<Set> InterOf(const std::vector<const Set*>& sets, const types::Limits& limits) {
  auto result = std::make_unique<Set>();
  if (AnyMissing(sets)) return result;
  Intersect(sets, [&](std::string_view member) {
    result->Add(member, limits);
    return true;
  });
  return result;
}

std::unique_ptr<Set> UnionOf(const std::vector<const Set*>& sets, const types::Limits& limits) {
  auto result = std::make_unique<Set>();
  for (const Set* set : sets) {
    if (set != nullptr) set->ForEach([&](std::string_view member) { result->Add(member, limits); });
  }
  return result;
}

std::unique_ptr<Set> DiffOf(const std::vector<const Set*>& sets, const types::Limits& limits) {
  auto result = std::make_unique<Set>();
  if (sets[0] == nullptr) return result;
  sets[0]->ForEach([&](std::string_view member) {
    const bool elsewhere = std::any_of(sets.begin() + 1, sets.end(),
                                       [member](const Set* set) { return set != nullptr && set->Contains(member); });
    if (!elsewhere) result->Add(member, limits);
  });
  return result;
}

using Algebra = std::unique_ptr<Set> (*)(const std::vector<const Set*>&, const types::Limits&);

void Reply(Call& call, Algebra algebra) {
  const auto sets = SetsOf(call, call.args.subspan(1));
  if (!sets) return;
  const std::unique_ptr<Set> result = algebra(*sets, LimitsOf(call));
  call.reply.Set(static_cast<int64_t>(result->size()));
  result->ForEach([&call](std::string_view member) { call.reply.Bulk(member); });
}

void Store(Call& call, Algebra algebra, std::string_view event) {
  const std::string_view target = call.args[1];
  const auto sets = SetsOf(call, call.args.subspan(2));
  if (!sets) return;
  std::unique_ptr<Set> result = algebra(*sets, LimitsOf(call));
  const int64_t size = static_cast<int64_t>(result->size());
  if (size == 0) {
    if (call.db.Find(call.slot, target, call.now_ms) != nullptr) DeleteKey(call, target);
    return call.reply.Integer(0);
  }
  call.db.SetObject(call.slot, target, std::move(result));
  Notify(call, NotifyClass::kSet, event, target);
  call.reply.Integer(size);
}

}  // namespace

void SInterCommand(Call& call) { Reply(call, InterOf); }
void SUnionCommand(Call& call) { Reply(call, UnionOf); }
void SDiffCommand(Call& call) { Reply(call, DiffOf); }
void SInterStoreCommand(Call& call) { Store(call, InterOf, "sinterstore"); }
void SUnionStoreCommand(Call& call) { Store(call, UnionOf, "sunionstore"); }
void SDiffStoreCommand(Call& call) { Store(call, DiffOf, "sdiffstore"); }

void SInterCardCommand(Call& call) {
  const auto keys = types::ParseInteger(call.args[1]);
  if (!keys || *keys < 1 || *keys > LONG_MAX) return call.reply.Error("ERR numkeys should be greater than 0");
  if (*keys > static_cast<int64_t>(call.args.size()) - 2) {
    return call.reply.Error("ERR Number of keys can't be greater than number of args");
  }
  int64_t limit = 0;
  const size_t first_option = 2 + static_cast<size_t>(*keys);
  for (size_t i = first_option; i < call.args.size(); i += 2) {
    if (!EqualsNoCase(call.args[i], "LIMIT") || i + 1 >= call.args.size()) return call.reply.Error(kSyntaxError);
    const auto parsed = types::ParseInteger(call.args[i + 1]);
    if (!parsed || *parsed < 0) return call.reply.Error("ERR LIMIT can't be negative");
    limit = *parsed;
  }
  const auto sets = SetsOf(call, call.args.subspan(2, static_cast<size_t>(*keys)));
  if (!sets) return;
  int64_t count = 0;
  if (!AnyMissing(*sets)) Intersect(*sets, [&](std::string_view) { return ++count != limit; });
  call.reply.Integer(count);
}

}  // namespace windlass::commands
