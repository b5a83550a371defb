// Reads everything a pass decides on: pods and claims from the caches, and
// every node at once with one deadline.
#pragma once

#include "operator/reconcile/context.h"
#include "operator/reconcile/world.h"
#include "operator/redis/node_links.h"

namespace windlass::reconcile {

Observation Observe(const Context& context, const api::RedisCluster& cluster, const redis::AdminOptions& admin, redis::NodeLinks* links);

// What so many nodes are asked, and by when.
redis::ObserveOptions QuestionsFor(const redis::AdminOptions& admin, size_t nodes);

// What a pod's JSON says; pure.
PodFact PodFromJson(const informer::Json& pod);

}  // namespace windlass::reconcile
