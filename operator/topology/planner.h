// The planner: which slots move from which shard to which. Pure.
//
// Shards have capacities (relative shares; 0 means "give everything away"),
// slots may have weights (bytes, load; by default all equal). A plan moves as
// little as the targets allow: a shard gives or takes, never both, and no slot
// moves twice. Equal inputs in any order give equal plans: ties are broken by
// shard id and slot number.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "node/base/result.h"
#include "node/slot/slot.h"
#include "node/slot/slot_set.h"

namespace windlass::topology {

struct ShardState {
  std::string id;
  double capacity = 1;   // >= 0
  slot::SlotSet slots;   // disjoint from every other shard's
};

struct SlotMove {
  slot::SlotId slot = 0;
  std::string from;
  std::string to;
  bool operator==(const SlotMove&) const = default;
};

// All moves of one pair, slots ascending.
struct PairMoves {
  std::string from;
  std::string to;
  std::vector<slot::SlotId> slots;
  bool operator==(const PairMoves&) const = default;
};

struct Plan {
  std::vector<SlotMove> moves;                      // by source, then slot
  std::map<std::string, int> expected;              // slots per shard afterwards
  bool empty() const { return moves.empty(); }
};

// `count` ranges that cover all slots, sizes differing by at most one, cut
// where `redis-cli --cluster create` cuts. REQUIRES: 1 <= count <= 16384.
std::vector<slot::SlotRange> EvenSplit(int count);

// How many slots each shard should own: its share of all owned slots by
// capacity, rounded so that the sum is right and the fewest slots move.
// Error: no shard, a negative capacity, all zero, ids or slots that repeat.
base::Result<std::map<std::string, int>> TargetCounts(const std::vector<ShardState>& shards);

struct BalanceOptions {
  // Do nothing if every shard is within this share (percent) of its target,
  // and none is asked to give everything away while it still owns slots.
  double threshold_percent = 0;
  // Slot weights, 16 384 of them, or empty: every slot weighs 1. With weights
  // the targets are shares of the total weight, met to within one slot's weight.
  std::vector<double> slot_weights;
};

// Scale out, scale in (capacity 0) and rebalance are this one question.
base::Result<Plan> Balance(const std::vector<ShardState>& shards, const BalanceOptions& options = {});

// Exactly `count` slots from the sources, each giving in proportion to what it
// owns, to one target. Error: a source that is the target or unknown, repeats,
// owns nothing at all between them, or fewer slots than asked for.
base::Result<Plan> Reshard(const std::vector<ShardState>& shards, const std::vector<std::string>& sources,
                           const std::string& target, int count);

// Who takes each slot nobody owns: the emptiest shard by capacity.
base::Result<std::map<slot::SlotId, std::string>> AssignUnowned(const std::vector<ShardState>& shards,
                                                                const slot::SlotSet& unowned);

// The plan as rounds of pairs that can run side by side: within a round no
// shard appears twice. At most max_pairs pairs a round (>= 1).
std::vector<std::vector<PairMoves>> Rounds(const Plan& plan, int max_pairs);

// Proves a plan against the state it is for: every source owns what it gives,
// no slot twice, both ends known and different, and `expected` is what results.
base::Result<void> Verify(const Plan& plan, const std::vector<ShardState>& shards);

}  // namespace windlass::topology
