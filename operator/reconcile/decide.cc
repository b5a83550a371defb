// The order of the phases, and what several of them ask.
#include <algorithm>

#include "operator/reconcile/phases.h"

namespace windlass::reconcile {

NodeRef RefOf(const Member& member) { return {member.name, member.id, member.address}; }

std::vector<const Shard*> SurplusShards(const World& world) {
  std::vector<const Shard*> order;
  for (const Shard& shard : world.shards) order.push_back(&shard);
  const int surplus = static_cast<int>(order.size()) - world.target_shards;
  if (surplus <= 0) return {};
  // A shard whose owner is missing may own slots; it is not given away.
  std::stable_sort(order.begin(), order.end(), [](const Shard* a, const Shard* b) {
    const auto rank = [](const Shard* s) { return s->owner_missing ? 2 : s->owner != nullptr ? 1 : 0; };
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return a->number > b->number;
  });
  order.resize(static_cast<size_t>(surplus));
  return order;
}

std::optional<Step> Decide(const World& world) {
  using Phase = std::optional<Step> (*)(const World&);
  // Repair stands before growth, and what takes nodes away comes last.
  static constexpr Phase kPhases[] = {ReplaceFinishedPods, GrowVolumes,    CreateMissingNodes, TakeOverDead,  FormCluster,
                                      JoinNodes,           FailOverLeaving, AttachReplicas,    ServeLostSlots, ApplySettings,
                                      MoveSlotsByPlan,     ForgetGone,     RebuildElsewhere,   RemoveSurplus, ResizeInPlace,
                                      RollOutdated,        SpreadMasters};
  if (world.spec().hibernated) return Hibernate(world);
  std::optional<Step> wait;
  for (const Phase phase : kPhases) {
    std::optional<Step> step = phase(world);
    if (!step) continue;
    // A phase that waits for one shard does not hold up work on the others.
    if (!std::holds_alternative<Wait>(*step)) return step;
    if (!wait) wait = std::move(step);
  }
  return wait;
}

}  // namespace windlass::reconcile
