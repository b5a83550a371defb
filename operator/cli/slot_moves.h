// Carrying out a plan of slot moves, with progress on the screen.
#pragma once

#include "operator/cli/cluster.h"
#include "operator/redis/pair_mover.h"
#include "operator/topology/planner.h"

namespace windlass::cli {

// How long a master is waited for whose replicas do not keep up (see redis::ReplicaPatience).
inline constexpr int64_t kReplicasWaitMs = 60000;

// The masters as the planner wants them, all with capacity 1.
std::vector<topology::ShardState> ShardsOf(const Cluster& cluster);

// One pair of nodes, in this thread; a line per slot.
void MoveSlots(Session& session, const Cluster& cluster, const topology::PairMoves& pair,
               const redis::SlotMoverOptions& options);

// Every pair of the round at once, each with connections of its own; a line
// with how far they are once a second. Throws the first failure after all ended.
void MoveRound(Session& session, const Cluster& cluster, const std::vector<topology::PairMoves>& round,
               const redis::SlotMoverOptions& options);

}  // namespace windlass::cli
