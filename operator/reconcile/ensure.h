// The objects beside the pods: secrets, configuration, services, the finalizer;
// and the labels of pods. Each is compared with what the cache holds and written
// only if it differs.
#pragma once

#include <string>

#include "operator/reconcile/context.h"
#include "operator/reconcile/world.h"
#include "operator/resources/builders.h"

namespace windlass::reconcile {

void EnsureObjects(const Context& context, const api::RedisCluster& cluster, const resources::Passwords& passwords);

// Of all that EnsureObjects reads; while it is the same there is nothing to compare. Empty:
// it is not known when there will be.
std::string ObjectsStamp(const Context& context, const api::RedisCluster& cluster, const resources::Passwords& passwords);

// What of the Services' IP families is not as the spec says, and cannot be made so.
std::string FamilyDrift(const Context& context, const api::RedisCluster& cluster);

void EnsureFinalizer(const Context& context, const api::RedisCluster& cluster);

// Shard, role and node id on every pod as they are now.
void EnsurePodLabels(const Context& context, const World& world);

// The budgets by which pods may be evicted; none before the cluster is formed. `ensured` is
// what it was done for last.
void EnsureBudgets(const Context& context, const World& world, std::string* ensured);

// The Services for clients outside: one for each node and one for all, or none.
void EnsureExternal(const Context& context, const World& world);

// What a person asked for once is not asked for any more.
void ForgetRebalance(const Context& context, const api::RedisCluster& cluster);

// The PodMonitor that spec.metrics asks for, or none. Why it cannot be, in the API server's
// words; empty: it is as wanted.
std::string EnsurePodMonitor(const Context& context, const api::RedisCluster& cluster);

// On every claim whose data it holds, so that a cluster that takes it up again knows.
void MarkClaims(const Context& context, const World& world);

// Claims of nodes that were taken out and are to be deleted with them.
void DeleteRetiredClaims(const Context& context, const api::RedisCluster& cluster);

// Deletes the pods, then the claims if they are not to be kept, then lets the
// object go. True when nothing is left to do.
bool Finalize(const Context& context, const api::RedisCluster& cluster);

}  // namespace windlass::reconcile
