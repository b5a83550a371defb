// Bounds of the number of shards, as they are at a time of day.
#pragma once

#include <cstdint>
#include <string>

#include "operator/api/redis_cluster.h"

namespace windlass::autoscale {

struct Bounds {
  int least = 0;
  int most = 0;
  std::string least_by;  // the schedule that says so; empty: the spec outside of schedules
  std::string most_by;
  int Clamp(int shards) const;
};

// The spec with those of its schedules that hold now. A schedule that cannot be read
// holds never: the spec is refused for it elsewhere.
Bounds BoundsAt(const api::Autoscaling& spec, int64_t now_ms);

// What no schedule ever leaves.
Bounds WidestBounds(const api::Autoscaling& spec);

}  // namespace windlass::autoscale
