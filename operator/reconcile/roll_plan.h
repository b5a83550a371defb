// How far a roll may go: which shards it is at, and what holds it up.
//
// A shard that has been begun is brought to its end; another is begun only while
// all the others are well. Until `canaryShards` of them are of the new kind there is
// one at a time, afterwards `parallelShards`. A new pod that fails halts all of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operator/reconcile/world.h"

namespace windlass::reconcile {

// A pod that is to be made anew.
bool Replaceable(const Member& member);
bool Rolls(const World& world);  // as the spec has it
bool RollUnderWay(const World& world);

// Those that count: they run, and are not fenced.
int LastingNodes(const Shard& shard);

// Why no pod of this shard may be taken away now; empty if one may.
std::string ShardUnrest(const Shard& shard);

// Shards at which the roll is now, those begun earlier first. Of the others none may
// be begun yet.
std::vector<const Shard*> ShardsRolledNow(const World& world);

// A shard is of both kinds, or of the new one and not well yet.
bool AnyBegun(const World& world);
// When update.window opens, as the end of a sentence.
std::string WindowText(const World& world);

// Whether the shard is to have a node more while it is rolled.
bool Surges(const World& world, const Shard& shard);

// What names what nodes are made of and how they are rolled: when it changes, a
// roll that was halted goes on.
std::string RollMark(const World& world);

// Of the new kind, a pod that fails, or is not in step long after it was made; empty
// if there is none.
std::string NewKindTrouble(const World& world);
// Every node is well, and those of the new kind have been for long enough.
bool NewKindProven(const World& world);

// A smaller maxmemory than what is there would make the new nodes refuse writes.
std::string TooSmall(const World& world, const Shard& shard);

// Why pods that are out of date are not replaced, for the condition UpdateHeld.
struct RollHold {
  std::string reason;
  std::string message;
};
// `operation` is the one of the status that is about to be written.
std::optional<RollHold> HoldOf(const World& world, const std::optional<api::Operation>& operation);
// What a roll costs with this spec; empty if nothing.
std::string CostOfRoll(const World& world);

}  // namespace windlass::reconcile
