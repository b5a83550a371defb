// Who follows whom, and planned failovers.
#include "operator/reconcile/phases.h"

namespace windlass::reconcile {
namespace {

// May this member be made a replica of the leader? Becoming one wipes what it
// holds, so it must own nothing by its own word and by that of all the others.
bool MayFollow(const World& world, const Member& member, const Shard& shard) {
  if (&member == shard.leader || !member.joined || !member.running() || member.slots > 0 || member.doubted) return false;
  if (!member.master) return member.master_id != shard.leader->id;
  if (member.keys.value_or(1) != 0 && !world.SlotsSettled()) return false;
  for (const topology::SlotMapOpinion& opinion : world.view.Opinions()) {
    const auto found = opinion.map.find(member.id);
    if (found != opinion.map.end() && !found->second.empty()) return false;
  }
  return true;
}

}  // namespace

bool MustLeave(const World& world, const PodFact& pod) {
  return pod.terminating || pod.fenced || (pod.cordoned && world.spec().disruption_budget == api::Budget::kManaged);
}

std::optional<Step> AttachReplicas(const World& world) {
  Replicate step;
  for (const Shard& shard : world.shards) {
    // A shard whose owner does not answer is left to the bus's election; of two that
    // claim its slots one may not be what it says.
    if (shard.leader == nullptr || shard.owner_missing || shard.contested || shard.leader->doubted) continue;
    for (const Member* member : shard.members) {
      if (!MayFollow(world, *member, shard)) continue;
      // The replica must know its master, or the command is refused.
      if (!world.view.Find(shard.leader->id)->known_by.HasId(member->id)) continue;
      step.pairs.emplace_back(RefOf(*member), RefOf(*shard.leader));
    }
  }
  if (step.pairs.empty()) return std::nullopt;
  return step;
}

std::optional<Step> FailOverLeaving(const World& world) {
  for (const Shard& shard : world.shards) {
    if (shard.owner == nullptr || !shard.owner->pod) continue;
    const bool leaves = MustLeave(world, *shard.owner->pod);
    for (const Member* member : shard.members) {
      if (!leaves && !(member->pod && member->pod->take_over)) continue;
      if (!member->running() || MustLeave(world, *member->pod) || !member->synced || member->master_id != shard.owner->id) continue;
      const auto& operation = world.operation();
      const bool intended = operation && operation->kind == "Failover" && operation->target == member->name;
      if (intended) return FailOver{RefOf(*member), shard.owner->name};
      // A migration under way is not given up for it: its plan follows the shard.
      if (operation && !operation->moves.empty()) return FailOver{RefOf(*member), shard.owner->name};
      api::Operation failover;
      failover.kind = "Failover";
      failover.target = member->name;
      failover.step = "handing " + shard.name + " over from " + shard.owner->name + " to " + member->name;
      failover.from_shards = failover.to_shards = world.target_shards;
      return RecordOperation{failover};
    }
  }
  if (world.operation() && world.operation()->kind == "Failover") return FinishOperation{"", "", false};
  return std::nullopt;
}

}  // namespace windlass::reconcile
