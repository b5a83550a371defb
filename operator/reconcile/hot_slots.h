// Finds the one slot that has most of a shard's work, where the nodes count it
// (cluster-slot-stats-enabled). More shards would not take it away.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operator/autoscale/history.h"
#include "operator/reconcile/world.h"
#include "operator/redis/slot_stats.h"

namespace windlass::reconcile {

// Of the shard with the highest load while that is above its target.
struct HotSlotWatch {
  std::string shard;
  int64_t read_ms = 0;
  std::vector<redis::SlotStats> last;
  std::optional<autoscale::HotSlot> found;
};

// The slot with half or more of what was added between two readings; nothing if there
// is none, or it is not counted.
std::optional<autoscale::HotSlot> FindHotSlot(const std::vector<redis::SlotStats>& before, const std::vector<redis::SlotStats>& now);

// Reads the slots of the most loaded shard, if one is above its target and it is time to.
// Never throws for a node's sake.
void WatchHotSlots(const World& world, const autoscale::Sample* last, const redis::AdminOptions& admin, HotSlotWatch* watch);

}  // namespace windlass::reconcile
