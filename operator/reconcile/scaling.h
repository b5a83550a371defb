// What the autoscaler is told of the world.
#pragma once

#include <string>

#include "operator/autoscale/autoscaler.h"
#include "operator/reconcile/hot_slots.h"
#include "operator/reconcile/world.h"

namespace windlass::reconcile {

// What is remembered of the load between passes; losing it costs time only.
struct ScalingMemory {
  autoscale::History history;
  autoscale::LoadMeter meter;
  HotSlotWatch hot;
};

// How far apart samples are taken: so that the shortest window is filled.
int64_t SampleEveryMs(const api::Autoscaling& spec);

// The condition AutoscalingActive, but for its time: whether the load decides how many
// shards there are. While nothing is measured, as shards come or go, it stays as it was.
api::Condition ActiveCondition(const World& world, const autoscale::History& history);

// Measures the masters if all of them answer, and decides. REQUIRES: spec.autoscaling.
api::AutoscalingStatus DecideScaling(const World& world, ScalingMemory* memory);

}  // namespace windlass::reconcile
