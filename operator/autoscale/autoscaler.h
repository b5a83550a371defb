// The autoscaler's decision.
//
// Every sample recommends a number of shards: the load over the target, on the
// metric that asks for most. Scaling out takes the lowest recommendation of its
// window (the load has been there all the time), scaling in the highest of its
// own, computed against the target less headroom (the load will stay below the
// target with a shard fewer). A window that is not yet filled with samples
// decides nothing. Above urgentMemoryPercent neither window nor cooldown holds
// scaling out back. spec.shards is never written; a change of it overrides once.
//
// Scaling out also follows the trend: no further ahead than it has been seen for, and
// no higher than the load went in the last hours before it fell again. A load that
// rises is not scaled in for if the shard would soon be needed back. Shards are taken
// away only if the others hold what is stored, unless the spec lets a cache evict. A
// load that is not known counts as none for scaling out, and forbids scaling in.
// What one slot alone costs is not scaled out for: it is named instead.
#pragma once

#include "operator/api/redis_cluster.h"
#include "operator/autoscale/demand.h"

namespace windlass::autoscale {

// The status to write; desired_shards is the decision.
api::AutoscalingStatus Decide(const Input& input, const History& history);

// The shards that the spec and the status together ask for.
int TargetShards(const api::RedisCluster& cluster);

}  // namespace windlass::autoscale
