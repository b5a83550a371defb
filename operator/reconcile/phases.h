// The phases: each a pure function from what was observed to the step it wants,
// or nothing if it is content. Decide() asks them in order; the first wins.
#pragma once

#include <optional>

#include "operator/reconcile/steps.h"
#include "operator/reconcile/world.h"

namespace windlass::reconcile {

// Pods go, replicas first; a step also where there is nothing left to do.
std::optional<Step> Hibernate(const World& world);
std::optional<Step> ReplaceFinishedPods(const World& world);
std::optional<Step> CreateMissingNodes(const World& world);
std::optional<Step> GrowVolumes(const World& world);
// A master that cannot come back, and too few others to elect a replica of it.
std::optional<Step> TakeOverDead(const World& world);
std::optional<Step> FormCluster(const World& world);
std::optional<Step> JoinNodes(const World& world);
std::optional<Step> FailOverLeaving(const World& world);
std::optional<Step> AttachReplicas(const World& world);
// Slots whose data nobody has any more are served again, empty, if the spec accepts it.
std::optional<Step> ServeLostSlots(const World& world);
std::optional<Step> ApplySettings(const World& world);
std::optional<Step> MoveSlotsByPlan(const World& world);
std::optional<Step> ForgetGone(const World& world);
// A replica whose volume no machine reaches is given up for another, if the spec says so.
std::optional<Step> RebuildElsewhere(const World& world);
std::optional<Step> RemoveSurplus(const World& world);
// What pods may use is changed as they run, where Kubernetes can.
std::optional<Step> ResizeInPlace(const World& world);
std::optional<Step> RollOutdated(const World& world);
// Masters go back to where there are fewest of them.
std::optional<Step> SpreadMasters(const World& world);

std::optional<Step> Decide(const World& world);

// Why no pod may be taken away now; empty if one may.
std::string Unrest(const World& world);

// Slots as status says them, shortened if there are very many pieces.
std::string LostSlotsText(const slot::SlotSet& slots);

// What of the claims is not as the spec says, and cannot be made so; empty if nothing.
std::string VolumeDrift(const World& world);

// What there is about the zones of masters; empty while they are as they should be or unknown.
std::string ZoneCrowding(const World& world);

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
