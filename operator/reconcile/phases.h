// The phases: each a pure function from what was observed to the step it wants,
// or nothing if it is content. Decide() asks them in order; the first wins.
#pragma once

#include <optional>

#include "operator/reconcile/steps.h"
#include "operator/reconcile/world.h"

namespace windlass::reconcile {

std::optional<Step> ReplaceFinishedPods(const World& world);
std::optional<Step> CreateMissingNodes(const World& world);
std::optional<Step> FormCluster(const World& world);
std::optional<Step> JoinNodes(const World& world);
std::optional<Step> FailOverLeaving(const World& world);
std::optional<Step> AttachReplicas(const World& world);
std::optional<Step> ApplySettings(const World& world);
std::optional<Step> MoveSlotsByPlan(const World& world);
std::optional<Step> ForgetGone(const World& world);
std::optional<Step> RemoveSurplus(const World& world);
std::optional<Step> RollOutdated(const World& world);

std::optional<Step> Decide(const World& world);

// Whether pods or claims are still to be made.
bool NodesMissing(const World& world);

// A master here is moved to where it can stay.
bool MustLeave(const World& world, const PodFact& pod);

// How many nodes the shard is to have. A master that must go and has nobody to
// hand over to gets a node beside it for that.
int NodesWanted(const World& world, const Shard& shard);

// The shards to be given away to reach the target: those without slots first,
// then the highest numbers. Empty if there are none too many.
std::vector<const Shard*> SurplusShards(const World& world);

// Slots of the operation's moves that have not changed hands, by move.
std::vector<std::vector<slot::SlotId>> SlotsLeft(const World& world, const api::Operation& operation);

NodeRef RefOf(const Member& member);

}  // namespace windlass::reconcile
