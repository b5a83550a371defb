// Slots change hands: the plan, its steps, its end.
//
// A plan names shards, not nodes, so a failover of either end does not spoil it:
// each pass resolves a name to the master of the day. What is left of a plan is
// read off the nodes, never off the status. A plan for another number of shards
// is dropped, and the next made from where things are; slots found half moved
// without a plan are a plan of their own, carried out first.
#include <algorithm>
#include <cmath>
#include <map>

#include "operator/reconcile/phases.h"
#include "operator/reconcile/slot_text.h"
#include "operator/topology/planner.h"

namespace windlass::reconcile {
namespace {

using MoveMap = std::map<std::pair<std::string, std::string>, slot::SlotSet>;  // from, to → slots

const Shard* ShardOfNode(const World& world, const std::string& node_id) {
  for (const Shard& shard : world.shards) {
    for (const Member* member : shard.members) {
      if (member->id == node_id && !node_id.empty()) return &shard;
    }
  }
  return nullptr;
}

const Shard* ShardOwning(const World& world, slot::SlotId slot) {
  for (const Shard& shard : world.shards) {
    if (shard.owner != nullptr && shard.slots.Contains(slot)) return &shard;
  }
  return nullptr;
}

// Half-moved slots. The mark at the target outlives a source that failed over,
// so both marks are read; the owner of the day is the source.
MoveMap OpenMoves(const World& world) {
  MoveMap moves;
  for (const Member* member : world.Owners()) {
    const topology::Node* node = world.view.Find(member->id);
    for (const auto& [slot, peer] : node->migrating) {
      const Shard* from = ShardOwning(world, slot);
      const Shard* to = ShardOfNode(world, peer);
      if (from != nullptr && to != nullptr && to->leader != nullptr && from != to) moves[{from->name, to->name}].Add(slot);
    }
  }
  for (const Member* member : world.Answering()) {
    if (!member->master) continue;
    const Shard* to = ShardOfNode(world, member->id);
    for (const auto& [slot, peer] : world.view.Find(member->id)->importing) {
      const Shard* from = ShardOwning(world, slot);
      if (from != nullptr && to != nullptr && to->leader == member && from != to) moves[{from->name, to->name}].Add(slot);
    }
  }
  return moves;
}

// REQUIRES: SlotsSettled().
std::optional<Step> ClearStaleMarks(const World& world) {
  constexpr size_t kAtOnce = 1024;
  ClearMarks step;
  for (const Member* member : world.Answering()) {
    if (!member->joined) continue;
    const topology::Node* node = world.view.Find(member->id);
    for (const auto& [slot, peer] : node->migrating) {
      if (!node->slots.Contains(slot) && step.marks.size() < kAtOnce) step.marks.emplace_back(RefOf(*member), slot);
    }
    for (const auto& [slot, peer] : node->importing) {
      if (node->slots.Contains(slot) && step.marks.size() < kAtOnce) step.marks.emplace_back(RefOf(*member), slot);
    }
  }
  if (step.marks.empty()) return std::nullopt;
  return step;
}

api::Operation MakeOperation(const World& world, const std::string& kind, const MoveMap& moves) {
  api::Operation operation;
  operation.kind = kind;
  operation.to_shards = world.target_shards;
  operation.from_shards = static_cast<int>(world.Owners().size());
  int total = 0;
  for (const auto& [ends, slots] : moves) {
    total += slots.size();
    // A status object has bounds: a long list of ranges is several moves.
    for (const std::string& text : SlotTexts(slots)) operation.moves.push_back({text, ends.first, ends.second, "Pending"});
  }
  operation.step = "moving " + std::to_string(total) + " slots";
  return operation;
}

// Why no new plan can be made now; empty if one can.
std::string Obstacle(const World& world) {
  for (const Shard& shard : world.shards) {
    if (shard.owner_missing) return shard.name + " has no master that answers";
    if (shard.contested) return "two nodes of " + shard.name + " claim slots";
  }
  // Of a plan that was dropped: they are not cancelled, for they are as good as done.
  for (const Member* member : world.Answering()) {
    const topology::NodeReport* report = world.view.ReportOf(member->id);
    if (report != nullptr && !report->exports_to.empty()) return "slots of " + member->name + " are still on their way";
  }
  if (!world.SlotsSettled()) return "the nodes do not agree yet on who owns which slot";
  const auto surplus = SurplusShards(world);
  for (const Shard& shard : world.shards) {
    if (shard.owner != nullptr || std::find(surplus.begin(), surplus.end(), &shard) != surplus.end()) continue;
    if (shard.leader == nullptr || shard.leader->loading) return shard.name + " has no master yet";
    // It would answer CLUSTERDOWN to clients that are sent to it with ASK.
    if (!shard.leader->serves) return "the master of " + shard.name + " does not serve yet";
    // Replicas before slots: a new shard must not be the only copy of anything.
    if (shard.synced_replicas < world.spec().replicas_per_shard) return "the replicas of " + shard.name + " are not in step yet";
  }
  return "";
}

// Every answering node in the cluster knows the new masters: a client that is
// redirected must not be told of a node that its node does not know.
bool EverybodyKnowsLeaders(const World& world) {
  std::vector<const topology::Node*> joined;
  for (const Member* member : world.Answering()) {
    if (member->joined) joined.push_back(world.view.Find(member->id));
  }
  for (const Shard& shard : world.shards) {
    if (shard.leader == nullptr) continue;
    const topology::Reporters& known_by = world.view.Find(shard.leader->id)->known_by;
    if (!std::all_of(joined.begin(), joined.end(), [&known_by](const topology::Node* node) { return known_by.Has(*node); })) return false;
  }
  return true;
}

// Whether every shard is near its share of the weight once the plan is carried out.
bool Even(const World& world, const std::vector<topology::ShardState>& states, const topology::Plan& plan) {
  constexpr int kNearestPercent = 5;
  std::map<std::string, double> weights;
  double total = 0, capacity = 0;
  for (const topology::ShardState& state : states) {
    capacity += state.capacity;
    state.slots.ForEach([&](slot::SlotId s) { weights[state.id] += world.slot_weights[s]; });
    total += weights[state.id];
  }
  for (const topology::SlotMove& move : plan.moves) {
    weights[move.from] -= world.slot_weights[move.slot];
    weights[move.to] += world.slot_weights[move.slot];
  }
  const double tolerance = std::max(kNearestPercent, world.spec().rebalance.tolerance_percent) / 100.0;
  for (const topology::ShardState& state : states) {
    const double share = total * state.capacity / capacity;
    if (state.capacity > 0 && std::abs(weights[state.id] - share) > share * tolerance) return false;
  }
  return true;
}

// Slots of one weight make fewer pieces, so that way is taken where it also evens out what
// is asked for; only where slots differ much are they chosen one by one.
base::Result<topology::Plan> Share(const World& world, const std::vector<topology::ShardState>& states, double threshold_percent) {
  topology::BalanceOptions options;
  options.threshold_percent = threshold_percent;
  if (world.slot_weights.empty()) return topology::Balance(states, options);
  options.slot_weights = world.slot_weights;
  auto weighted = topology::Balance(states, options);
  if (!weighted || weighted->empty()) return weighted;
  auto plain = topology::Balance(states, {});
  return plain && !plain->empty() && Even(world, states, *plain) ? plain : weighted;
}

std::optional<Step> MakePlan(const World& world) {
  if (const MoveMap open = OpenMoves(world); !open.empty()) return RecordOperation{MakeOperation(world, "Repair", open)};
  if (world.SlotsSettled()) {
    if (auto step = ClearStaleMarks(world)) return step;
  }
  if (world.Owners().empty() || static_cast<int>(world.shards.size()) < world.target_shards) return std::nullopt;
  if (const std::string why = Obstacle(world); !why.empty()) return Wait{why};
  if (!EverybodyKnowsLeaders(world)) return Wait{"not every node knows the new masters yet"};
  const auto surplus = SurplusShards(world);
  std::vector<topology::ShardState> states;
  bool out = false, in = false;
  for (const Shard& shard : world.shards) {
    const bool leaves = std::find(surplus.begin(), surplus.end(), &shard) != surplus.end();
    out = out || (!leaves && shard.slots.empty());
    in = in || (leaves && !shard.slots.empty());
    states.push_back({shard.name, leaves ? 0.0 : 1.0, shard.slots});
  }
  const bool asked = world.cluster->metadata.rebalance;
  if (!out && !in && !asked && world.spec().rebalance.mode == api::Rebalance::Mode::kManual) return std::nullopt;
  if (!out && !in && world.weighed_later) return std::nullopt;
  // Shards this far from their share are evened out when nothing else is to do.
  const auto plan = Share(world, states, out || in || asked ? 0 : world.spec().rebalance.tolerance_percent);
  if (!plan) return Wait{"no plan can be made: " + plan.error()};
  if (plan->empty()) return std::nullopt;
  MoveMap moves;
  for (const topology::SlotMove& move : plan->moves) moves[{move.from, move.to}].Add(move.slot);
  return RecordOperation{MakeOperation(world, in ? "ScaleIn" : out ? "ScaleOut" : "Rebalance", moves)};
}

bool Marked(const topology::Node& node, slot::SlotId slot) {
  return node.migrating.count(slot) != 0 || node.importing.count(slot) != 0;
}

// Its master is known beyond doubt and ready. (A source that has just given its
// last slot is no owner any more, but may still have marks to be cleared.)
bool CanMove(const Shard* shard) {
  return shard != nullptr && shard->leader != nullptr && !shard->owner_missing && !shard->contested && !shard->leader->loading;
}

std::optional<Step> Advance(const World& world, const api::Operation& operation) {
  const auto left = SlotsLeft(world, operation);
  MoveSlots step;
  std::vector<std::string> busy;
  std::map<std::pair<std::string, std::string>, slot::SlotSet> pairs;
  for (size_t i = 0; i < left.size(); ++i) {
    const api::Move& move = operation.moves[i];
    step.slots_total += ParseSlots(move.slots).size();
    step.slots_left += static_cast<int>(left[i].size());
    for (const slot::SlotId s : left[i]) pairs[{move.from, move.to}].Add(s);
  }
  if (step.slots_left == 0) {
    if (!world.SlotsSettled()) return Wait{"the nodes do not agree yet on who owns which slot"};
    return FinishOperation{"SlotsMoved", operation.kind + ": " + std::to_string(step.slots_total) + " slots have changed hands", false};
  }
  for (const auto& [ends, slots] : pairs) {
    const Shard* from = world.FindShard(ends.first);
    const Shard* to = world.FindShard(ends.second);
    const auto is_busy = [&busy](const std::string& name) { return std::find(busy.begin(), busy.end(), name) != busy.end(); };
    if (step.pairs.size() == static_cast<size_t>(world.spec().rebalance.parallel_moves) || is_busy(ends.first) || is_busy(ends.second)) continue;
    if (!CanMove(from) || !CanMove(to) || !to->leader->serves) continue;
    PairMove pair{RefOf(*from->leader), RefOf(*to->leader), {}};
    slots.ForEach([&pair](slot::SlotId s) { pair.slots.push_back(s); });
    step.pairs.push_back(std::move(pair));
    busy.push_back(ends.first);
    busy.push_back(ends.second);
  }
  if (world.moves_rest) return Wait{"rebalance.maxBytesPerSecond: moving slots rests for a moment"};
  if (step.pairs.empty()) return Wait{"no pair of shards with slots left to move has both its masters"};
  for (const Member& member : world.members) {
    if (member.joined && member.master) step.masters.push_back(RefOf(member));
  }
  return step;
}

bool ShardsOfPlanExist(const World& world, const api::Operation& operation) {
  for (const api::Move& move : operation.moves) {
    if (world.FindShard(move.from) == nullptr || world.FindShard(move.to) == nullptr) return false;
  }
  return true;
}

// A slot that has gone to a shard that the plan does not name for it: somebody else has
// moved it, and to ask the pair for it again is in vain.
std::string GoneElsewhere(const World& world, const api::Operation& operation) {
  if (!world.SlotsSettled()) return "";
  const auto left = SlotsLeft(world, operation);
  for (size_t i = 0; i < left.size(); ++i) {
    for (const slot::SlotId s : left[i]) {
      const Shard* owner = ShardOwning(world, s);
      if (owner == nullptr || owner->name == operation.moves[i].from || owner->name == operation.moves[i].to) continue;
      return "slot " + std::to_string(s) + " is at " + owner->name + ", and not at " + operation.moves[i].from + " any more";
    }
  }
  return "";
}

}  // namespace

std::vector<std::vector<slot::SlotId>> SlotsLeft(const World& world, const api::Operation& operation) {
  std::vector<std::vector<slot::SlotId>> left;
  for (const api::Move& move : operation.moves) {
    std::vector<slot::SlotId> slots;
    const Shard* from = world.FindShard(move.from);
    const Shard* to = world.FindShard(move.to);
    const topology::Node* source = from != nullptr && from->leader != nullptr ? world.view.Find(from->leader->id) : nullptr;
    const topology::Node* target = to != nullptr && to->leader != nullptr ? world.view.Find(to->leader->id) : nullptr;
    ParseSlots(move.slots).ForEach([&](slot::SlotId s) {
      const bool arrived = target != nullptr && target->slots.Contains(s);
      const bool loose_end = (source != nullptr && (source->slots.Contains(s) || Marked(*source, s))) ||
                             (target != nullptr && Marked(*target, s));
      if (!arrived || loose_end) slots.push_back(s);
    });
    left.push_back(std::move(slots));
  }
  return left;
}

std::optional<Step> MoveSlotsByPlan(const World& world) {
  const auto& operation = world.operation();
  const bool forming = operation && operation->kind == "Form";
  if (forming || !world.view.Uncovered().empty()) return std::nullopt;
  if (!operation || operation->moves.empty()) return MakePlan(world);
  // Slots found half moved are brought to an end whatever is wanted meanwhile.
  const bool outdated = operation->kind != "Repair" && operation->to_shards != world.target_shards;
  if (outdated) return FinishOperation{"PlanDropped", "the wanted number of shards is now " + std::to_string(world.target_shards), false};
  if (!ShardsOfPlanExist(world, *operation)) return FinishOperation{"PlanDropped", "a shard of the plan is gone", false};
  if (const std::string why = GoneElsewhere(world, *operation); !why.empty()) return FinishOperation{"PlanDropped", why, false};
  return Advance(world, *operation);
}

}  // namespace windlass::reconcile
