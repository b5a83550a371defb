// Balance and Reshard are the same three steps: how much each shard should own,
// who therefore gives and who takes, and which slots go along each pair.
#include "operator/topology/planner.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace windlass::topology {
namespace {

using base::Error;
using base::Result;

// Shares closer than this are equal: capacities are typed by people.
constexpr double kEpsilon = 1e-9;

Result<void> CheckShards(const std::vector<ShardState>& shards) {
  if (shards.empty()) return Error{"there is no shard to plan for"};
  std::set<std::string> ids;
  slot::SlotSet seen;
  double capacity = 0;
  for (const ShardState& shard : shards) {
    if (!ids.insert(shard.id).second) return Error{"shard " + shard.id + " is named twice"};
    if (!(shard.capacity >= 0) || std::isinf(shard.capacity)) {
      return Error{"the capacity of shard " + shard.id + " is not a number from 0 up"};
    }
    if (shard.slots.Intersects(seen)) {
      return Error{"a slot of shard " + shard.id + " belongs to another shard too"};
    }
    seen |= shard.slots;
    capacity += shard.capacity;
  }
  if (capacity <= kEpsilon) return Error{"every shard has capacity 0: nobody could own the slots"};
  return {};
}

// By id, so that the order of the input decides nothing.
std::vector<const ShardState*> ById(const std::vector<ShardState>& shards) {
  std::vector<const ShardState*> sorted;
  for (const ShardState& shard : shards) sorted.push_back(&shard);
  std::sort(sorted.begin(), sorted.end(),
            [](const ShardState* a, const ShardState* b) { return a->id < b->id; });
  return sorted;
}

Plan MakePlan(const std::vector<ShardState>& shards, std::vector<SlotMove> moves) {
  Plan plan;
  for (const ShardState& shard : shards) plan.expected[shard.id] = shard.slots.size();
  for (const SlotMove& move : moves) {
    --plan.expected[move.from];
    ++plan.expected[move.to];
  }
  std::sort(moves.begin(), moves.end(), [](const SlotMove& a, const SlotMove& b) {
    return std::tie(a.from, a.slot) < std::tie(b.from, b.slot);
  });
  plan.moves = std::move(moves);
  return plan;
}

struct Need {
  const ShardState* shard;
  double amount;
};

void MostNeededFirst(std::vector<Need>& needs) {
  std::sort(needs.begin(), needs.end(), [](const Need& a, const Need& b) {
    return a.amount != b.amount ? a.amount > b.amount : a.shard->id < b.shard->id;
  });
}

bool WithinThreshold(const std::vector<const ShardState*>& shards, const std::vector<double>& owned,
                     const std::vector<double>& target, double percent) {
  for (size_t i = 0; i < shards.size(); ++i) {
    if (shards[i]->capacity <= kEpsilon) {
      if (!shards[i]->slots.empty()) return false;
      continue;
    }
    if (std::abs(owned[i] - target[i]) > target[i] * percent / 100 + kEpsilon) return false;
  }
  return true;
}

// Every slot weighs 1. Givers and takers are matched largest first, which needs
// at most one pair fewer than there are shards.
std::vector<SlotMove> MatchEqualSlots(const std::vector<const ShardState*>& shards,
                                      const std::map<std::string, int>& targets) {
  std::vector<Need> givers;
  std::vector<Need> takers;
  for (const ShardState* shard : shards) {
    const int surplus = shard->slots.size() - targets.at(shard->id);
    if (surplus > 0) givers.push_back({shard, static_cast<double>(surplus)});
    if (surplus < 0) takers.push_back({shard, static_cast<double>(-surplus)});
  }
  MostNeededFirst(givers);
  MostNeededFirst(takers);
  std::vector<SlotMove> moves;
  size_t taker = 0;
  for (const Need& giver : givers) {
    int slot = -1;
    for (int left = static_cast<int>(giver.amount); left > 0; --left) {
      slot = giver.shard->slots.Next(slot + 1);
      moves.push_back({static_cast<slot::SlotId>(slot), giver.shard->id, takers[taker].shard->id});
      if (--takers[taker].amount < 0.5) ++taker;
    }
  }
  return moves;
}

// Slots with weights. Draining shards go first, since they have no choice; then
// every shard above its target gives the heaviest slots that fit what it has too
// much and what somebody lacks.
class WeightedMatch {
 public:
  WeightedMatch(std::vector<const ShardState*> shards, const std::vector<double>& weights)
      : shards_(std::move(shards)), weights_(weights) {
    // An empty slot counts for a little, or a drain of empty slots would send
    // them all to one shard.
    const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
    const double little = sum > 0 ? sum / slot::kSlotCount / 1000 : 1;
    for (double& weight : weights_) weight += little;
    double total = 0;
    double capacity = 0;
    for (const ShardState* shard : shards_) {
      double weight = 0;
      shard->slots.ForEach([&](slot::SlotId s) { weight += weights_[s]; });
      owned_.push_back(weight);
      total += weight;
      capacity += shard->capacity;
    }
    for (const ShardState* shard : shards_) target_.push_back(total * shard->capacity / capacity);
  }

  bool Balanced(double percent) const { return WithinThreshold(shards_, owned_, target_, percent); }

  std::vector<SlotMove> Match() {
    took_.assign(shards_.size(), false);
    for (size_t i = 0; i < shards_.size(); ++i) {
      if (shards_[i]->capacity <= kEpsilon) Give(i, true);
    }
    std::vector<size_t> order(shards_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [this](size_t a, size_t b) {
      return owned_[a] - target_[a] > owned_[b] - target_[b];
    });
    for (const size_t i : order) {
      if (shards_[i]->capacity > kEpsilon && !took_[i]) Give(i, false);
    }
    return std::move(moves_);
  }

 private:
  void Give(size_t from, bool all) {
    std::vector<slot::SlotId> slots;
    shards_[from]->slots.ForEach([&](slot::SlotId s) { slots.push_back(s); });
    std::stable_sort(slots.begin(), slots.end(),
                     [this](slot::SlotId a, slot::SlotId b) { return weights_[a] > weights_[b]; });
    for (const slot::SlotId s : slots) {
      const double weight = weights_[s];
      if (!all && weight > owned_[from] - target_[from] + kEpsilon) continue;
      const size_t to = Neediest(from);
      if (to == from) continue;
      if (!all && weight > target_[to] - owned_[to] + kEpsilon) continue;
      moves_.push_back({s, shards_[from]->id, shards_[to]->id});
      owned_[from] -= weight;
      owned_[to] += weight;
      took_[to] = true;
    }
  }

  size_t Neediest(size_t from) const {
    size_t best = from;
    for (size_t i = 0; i < shards_.size(); ++i) {
      if (i == from || shards_[i]->capacity <= kEpsilon) continue;
      if (best == from || target_[i] - owned_[i] > target_[best] - owned_[best]) best = i;
    }
    return best;
  }

  std::vector<const ShardState*> shards_;
  std::vector<double> weights_;
  std::vector<double> owned_;
  std::vector<double> target_;
  std::vector<bool> took_;
  std::vector<SlotMove> moves_;
};

Result<std::vector<const ShardState*>> FindSources(const std::vector<ShardState>& shards,
                                                   const std::vector<std::string>& sources,
                                                   const std::string& target) {
  std::set<std::string> wanted;
  for (const std::string& id : sources) {
    if (id == target) return Error{"shard " + id + " is both source and target"};
    if (!wanted.insert(id).second) return Error{"source shard " + id + " is named twice"};
  }
  bool target_known = false;
  std::vector<const ShardState*> found;
  for (const ShardState* shard : ById(shards)) {
    if (shard->id == target) target_known = true;
    if (wanted.erase(shard->id) != 0) found.push_back(shard);
  }
  if (!target_known) return Error{"the target shard " + target + " is not known"};
  if (!wanted.empty()) return Error{"the source shard " + *wanted.begin() + " is not known"};
  if (found.empty()) return Error{"there is no source shard"};
  std::stable_sort(found.begin(), found.end(), [](const ShardState* a, const ShardState* b) {
    return a->slots.size() > b->slots.size();
  });
  return found;
}

}  // namespace

std::vector<slot::SlotRange> EvenSplit(int count) {
  std::vector<slot::SlotRange> ranges;
  const double per_shard = static_cast<double>(slot::kSlotCount) / count;
  double cursor = 0;
  int first = 0;
  for (int i = 0; i < count; ++i) {
    cursor += per_shard;
    const int last = i + 1 == count ? slot::kSlotCount - 1 : static_cast<int>(std::lround(cursor - 1));
    ranges.push_back({static_cast<slot::SlotId>(first), static_cast<slot::SlotId>(last)});
    first = last + 1;
  }
  return ranges;
}

Result<std::map<std::string, int>> TargetCounts(const std::vector<ShardState>& shards) {
  if (const auto valid = CheckShards(shards); !valid) return Error{valid.error()};
  double capacity = 0;
  int total = 0;
  for (const ShardState* shard : ById(shards)) {
    capacity += shard->capacity;
    total += shard->slots.size();
  }
  struct Share {
    const ShardState* shard;
    int whole;
    double rest;
  };
  std::vector<Share> shares;
  int left = total;
  for (const ShardState* shard : ById(shards)) {
    const double exact = total * shard->capacity / capacity;
    const int whole = static_cast<int>(std::floor(exact + kEpsilon));
    shares.push_back({shard, whole, std::max(0.0, exact - whole)});
    left -= whole;
  }
  // What rounding left over goes to those who would else have to give it away.
  std::stable_sort(shares.begin(), shares.end(), [](const Share& a, const Share& b) {
    const bool a_open = a.rest > kEpsilon;
    const bool b_open = b.rest > kEpsilon;
    if (a_open != b_open) return a_open;
    const bool a_keeps = a.shard->slots.size() > a.whole;
    const bool b_keeps = b.shard->slots.size() > b.whole;
    if (a_keeps != b_keeps) return a_keeps;
    return a.rest > b.rest + kEpsilon;
  });
  std::map<std::string, int> targets;
  for (const Share& share : shares) {
    targets[share.shard->id] = share.whole + (left > 0 ? 1 : 0);
    if (left > 0) --left;
  }
  return targets;
}

Result<Plan> Balance(const std::vector<ShardState>& shards, const BalanceOptions& options) {
  const auto targets = TargetCounts(shards);
  if (!targets) return Error{targets.error()};
  const std::vector<const ShardState*> sorted = ById(shards);
  if (!options.slot_weights.empty()) {
    if (options.slot_weights.size() != slot::kSlotCount) {
      return Error{"slot weights must be 16384, not " + std::to_string(options.slot_weights.size())};
    }
    for (const double weight : options.slot_weights) {
      if (!(weight >= 0) || std::isinf(weight)) return Error{"a slot weight is not a number from 0 up"};
    }
    WeightedMatch match(sorted, options.slot_weights);
    if (match.Balanced(options.threshold_percent)) return MakePlan(shards, {});
    return MakePlan(shards, match.Match());
  }
  std::vector<double> owned;
  std::vector<double> target;
  for (const ShardState* shard : sorted) {
    owned.push_back(shard->slots.size());
    target.push_back(targets->at(shard->id));
  }
  if (WithinThreshold(sorted, owned, target, options.threshold_percent)) return MakePlan(shards, {});
  return MakePlan(shards, MatchEqualSlots(sorted, *targets));
}

Result<Plan> Reshard(const std::vector<ShardState>& shards, const std::vector<std::string>& sources,
                     const std::string& target, int count) {
  if (const auto valid = CheckShards(shards); !valid) return Error{valid.error()};
  const auto found = FindSources(shards, sources, target);
  if (!found) return Error{found.error()};
  int total = 0;
  for (const ShardState* source : *found) total += source->slots.size();
  if (count < 1 || count > slot::kSlotCount) {
    return Error{"the number of slots must be from 1 to 16384, not " + std::to_string(count)};
  }
  if (total < count) {
    return Error{"the sources own " + std::to_string(total) + " slots, fewer than the " +
                 std::to_string(count) + " to move"};
  }
  std::vector<int> shares;
  int left = count;
  for (const ShardState* source : *found) {
    const int share = static_cast<int>(static_cast<int64_t>(count) * source->slots.size() / total);
    shares.push_back(share);
    left -= share;
  }
  std::vector<SlotMove> moves;
  for (size_t i = 0; i < found->size(); ++i) {
    // The rest is smaller than the number of sources, the largest come first,
    // and a source that owned fewer slots than its rounded-up share is skipped.
    if (left > 0 && shares[i] < (*found)[i]->slots.size()) {
      ++shares[i];
      --left;
    }
    int slot = -1;
    for (int n = 0; n < shares[i]; ++n) {
      slot = (*found)[i]->slots.Next(slot + 1);
      moves.push_back({static_cast<slot::SlotId>(slot), (*found)[i]->id, target});
    }
  }
  return MakePlan(shards, std::move(moves));
}

Result<std::map<slot::SlotId, std::string>> AssignUnowned(const std::vector<ShardState>& shards,
                                                          const slot::SlotSet& unowned) {
  if (const auto valid = CheckShards(shards); !valid) return Error{valid.error()};
  struct Load {
    const ShardState* shard;
    int slots;
  };
  std::vector<Load> loads;
  for (const ShardState* shard : ById(shards)) {
    if (shard->slots.Intersects(unowned)) return Error{"shard " + shard->id + " owns one of the unowned slots"};
    if (shard->capacity > kEpsilon) loads.push_back({shard, shard->slots.size()});
  }
  std::map<slot::SlotId, std::string> owners;
  unowned.ForEach([&](slot::SlotId s) {
    Load& emptiest = *std::min_element(loads.begin(), loads.end(), [](const Load& a, const Load& b) {
      return a.slots / a.shard->capacity < b.slots / b.shard->capacity;
    });
    owners[s] = emptiest.shard->id;
    ++emptiest.slots;
  });
  return owners;
}

std::vector<std::vector<PairMoves>> Rounds(const Plan& plan, int max_pairs) {
  std::map<std::pair<std::string, std::string>, PairMoves> by_pair;
  for (const SlotMove& move : plan.moves) {
    PairMoves& pair = by_pair[{move.from, move.to}];
    pair.from = move.from;
    pair.to = move.to;
    pair.slots.push_back(move.slot);
  }
  std::vector<PairMoves> pairs;
  for (auto& [key, pair] : by_pair) {
    std::sort(pair.slots.begin(), pair.slots.end());
    pairs.push_back(std::move(pair));
  }
  // Long pairs first, so that a round's pairs take about equally long.
  std::stable_sort(pairs.begin(), pairs.end(), [](const PairMoves& a, const PairMoves& b) {
    return a.slots.size() > b.slots.size();
  });
  std::vector<std::vector<PairMoves>> rounds;
  std::vector<std::set<std::string>> busy;
  for (PairMoves& pair : pairs) {
    size_t round = 0;
    while (round < rounds.size() && (static_cast<int>(rounds[round].size()) >= max_pairs ||
                                     busy[round].count(pair.from) != 0 || busy[round].count(pair.to) != 0)) {
      ++round;
    }
    if (round == rounds.size()) {
      rounds.emplace_back();
      busy.emplace_back();
    }
    busy[round].insert({pair.from, pair.to});
    rounds[round].push_back(std::move(pair));
  }
  return rounds;
}

Result<void> Verify(const Plan& plan, const std::vector<ShardState>& shards) {
  std::map<std::string, slot::SlotSet> owned;
  for (const ShardState& shard : shards) owned[shard.id] = shard.slots;
  slot::SlotSet moved;
  for (const SlotMove& move : plan.moves) {
    const std::string what = "slot " + std::to_string(move.slot) + " from " + move.from + " to " + move.to;
    if (move.from == move.to) return Error{what + ": both ends are the same shard"};
    if (owned.count(move.from) == 0 || owned.count(move.to) == 0) return Error{what + ": a shard is not known"};
    if (moved.Contains(move.slot)) return Error{what + ": the slot moves twice"};
    if (!owned[move.from].Contains(move.slot)) return Error{what + ": the source does not own it"};
    moved.Add(move.slot);
    owned[move.from].Remove(move.slot);
    owned[move.to].Add(move.slot);
  }
  for (const auto& [id, slots] : owned) {
    const auto expected = plan.expected.find(id);
    if (expected == plan.expected.end() || expected->second != slots.size()) {
      return Error{"shard " + id + " would own " + std::to_string(slots.size()) +
                   " slots, which is not what the plan expects"};
    }
  }
  return {};
}

}  // namespace windlass::topology
