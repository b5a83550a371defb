// See schedule.h.
#include "operator/autoscale/schedule.h"

#include <algorithm>

#include "operator/base/cron.h"
#include "operator/base/time_zone.h"

namespace windlass::autoscale {
namespace {

bool Holds(const api::Schedule& schedule, int64_t now_ms) {
  const auto cron = base::Cron::Parse(schedule.cron);
  const base::TimeZone* zone = base::FindTimeZone(schedule.time_zone);
  if (!cron || zone == nullptr) return false;
  return cron->Latest(*zone, now_ms / 1000, schedule.duration_seconds).has_value();
}

}  // namespace

int Bounds::Clamp(int shards) const { return std::clamp(shards, least, std::max(least, most)); }

Bounds BoundsAt(const api::Autoscaling& spec, int64_t now_ms) {
  Bounds bounds{spec.min_shards, spec.max_shards, "", ""};
  for (const api::Schedule& schedule : spec.schedules) {
    if (!Holds(schedule, now_ms)) continue;
    // The first that holds replaces what is so otherwise; of more, the stricter.
    if (schedule.min_shards > 0 && (bounds.least_by.empty() || schedule.min_shards > bounds.least)) {
      bounds.least = schedule.min_shards;
      bounds.least_by = schedule.name;
    }
    if (schedule.max_shards > 0 && (bounds.most_by.empty() || schedule.max_shards < bounds.most)) {
      bounds.most = schedule.max_shards;
      bounds.most_by = schedule.name;
    }
  }
  // One that says only one of the two may meet the other: what it says goes.
  if (bounds.most < bounds.least && !bounds.least_by.empty()) bounds.most = bounds.least;
  if (bounds.most < bounds.least) bounds.least = bounds.most;
  return bounds;
}

Bounds WidestBounds(const api::Autoscaling& spec) {
  Bounds bounds{spec.min_shards, std::max(spec.min_shards, spec.max_shards), "", ""};
  for (const api::Schedule& schedule : spec.schedules) {
    for (const int bound : {schedule.min_shards, schedule.max_shards}) {
      if (bound <= 0) continue;
      bounds.least = std::min(bounds.least, bound);
      bounds.most = std::max(bounds.most, bound);
    }
  }
  return bounds;
}

}  // namespace windlass::autoscale
