// What the autoscaler is told of the world.
#pragma once

#include <string>

#include "operator/autoscale/autoscaler.h"
#include "operator/reconcile/world.h"

namespace windlass::reconcile {

// Measures the masters if all of them answer, and decides. REQUIRES: spec.autoscaling.
api::AutoscalingStatus DecideScaling(const World& world, autoscale::History* history);

}  // namespace windlass::reconcile
