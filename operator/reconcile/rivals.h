// Who else changes the number of shards of a cluster that scales itself.
//
// An autoscaler of Kubernetes (KEDA makes one too) writes spec.shards, and each change of
// it overrides ours once: the two would pull at the number for good. Few clusters have
// one, so they are looked up now and then and not watched.
#pragma once

#include "operator/kube/client.h"
#include "operator/reconcile/world.h"

namespace windlass::reconcile {

// True if the operator's number is acted on: only then is there something to quarrel over.
bool ScalesItself(const api::Spec& spec);

Rivals FindRivals(kube::Client& client, const api::RedisCluster& cluster);

// The condition AutoscalerConflict, but for its time.
api::Condition RivalCondition(const api::RedisCluster& cluster, const Rivals& rivals);

}  // namespace windlass::reconcile
