// What slots weigh when they are shared out: bytes or load, as rebalance.by asks.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "operator/reconcile/world.h"
#include "operator/redis/slot_stats.h"

namespace windlass::reconcile {

// What was read last, for loads are taken between two readings.
struct SlotLoads {
  int64_t read_ms = 0;
  std::vector<double> cpu_us;  // by slot; empty: never read
};

using StatsByShard = std::map<std::string, std::vector<redis::SlotStats>>;

// By slot; empty if the nodes do not tell of every slot what is asked for. Where they
// count no bytes their keys stand for them. Every slot weighs a little by itself, so
// that a cluster that is nearly empty, or idle, is shared out by slots.
std::vector<double> WeighSlots(const World& world, const StatsByShard& stats, SlotLoads* loads);

// Whether slots may have to be shared out at this pass, so that they are to be weighed,
// if they were last at that time.
bool SlotsToBeWeighed(const World& world, int64_t weighed_ms);

// Asks the owners. Never throws for a node's sake: without its answer nothing is known.
std::vector<double> ReadSlotWeights(const World& world, const redis::AdminOptions& admin, SlotLoads* loads);

}  // namespace windlass::reconcile
