// See slot_weights.h.
#include "operator/reconcile/slot_weights.h"

#include <algorithm>

#include "operator/api/validation.h"
#include "operator/base/log.h"

namespace windlass::reconcile {
namespace {

constexpr int64_t kWeighEveryMs = 300'000;
constexpr int64_t kWeighAgainMs = 10'000;  // while shards come or go
// What an empty cluster weighs in all, of what it may hold, or of the time there was.
constexpr double kByItself = 0.05;
constexpr double kIdleShare = 0.01;
constexpr double kBytesOfAKey = 100;  // where only keys are counted: roughly

using By = api::Rebalance::By;

template <typename F>
void ForEach(const StatsByShard& stats, F&& f) {
  for (const auto& [shard, rows] : stats) {
    for (const redis::SlotStats& row : rows) f(row);
  }
}

std::vector<double> WeighBytes(const World& world, const StatsByShard& stats) {
  bool counted = true;
  ForEach(stats, [&counted](const redis::SlotStats& row) { counted = counted && row.bytes.has_value(); });
  const double room = static_cast<double>(api::MaxmemoryBytes(world.spec())) * static_cast<double>(stats.size());
  std::vector<double> weights(slot::kSlotCount, room * kByItself / slot::kSlotCount);
  ForEach(stats, [&](const redis::SlotStats& row) {
    weights[row.slot] += counted ? static_cast<double>(*row.bytes) : static_cast<double>(row.keys) * kBytesOfAKey;
  });
  return weights;
}

std::vector<double> WeighLoad(const World& world, const StatsByShard& stats, SlotLoads* loads) {
  bool counted = true;
  ForEach(stats, [&counted](const redis::SlotStats& row) { counted = counted && row.cpu_us.has_value(); });
  if (!counted) return {};
  const bool first = loads->cpu_us.empty();
  if (first) loads->cpu_us.assign(slot::kSlotCount, 0);
  const double passed_us = static_cast<double>(first ? kWeighEveryMs : world.now_ms - loads->read_ms) * 1000;
  std::vector<double> weights(slot::kSlotCount, passed_us * static_cast<double>(stats.size()) * kIdleShare / slot::kSlotCount);
  ForEach(stats, [&](const redis::SlotStats& row) {
    const auto now = static_cast<double>(*row.cpu_us);
    double& before = loads->cpu_us[row.slot];
    // Less than before: it is counted elsewhere, or anew.
    weights[row.slot] += now >= before ? now - before : now;
    before = now;
  });
  loads->read_ms = world.now_ms;
  return weights;
}

}  // namespace

std::vector<double> WeighSlots(const World& world, const StatsByShard& stats, SlotLoads* loads) {
  slot::SlotSet told;
  ForEach(stats, [&told](const redis::SlotStats& row) { told.Add(row.slot); });
  if (told.size() != slot::kSlotCount) return {};
  return world.spec().rebalance.by == By::kLoad ? WeighLoad(world, stats, loads) : WeighBytes(world, stats);
}

bool SlotsToBeWeighed(const World& world, int64_t weighed_ms) {
  const api::Rebalance& rebalance = world.spec().rebalance;
  if (rebalance.by == By::kSlots || world.status().cluster_id.empty()) return false;
  if (world.operation() && !world.operation()->moves.empty()) return false;
  if (static_cast<int>(world.shards.size()) < world.target_shards) return false;
  const bool wanted = world.cluster->metadata.rebalance || static_cast<int>(world.Owners().size()) != world.target_shards;
  if (!wanted && rebalance.mode == api::Rebalance::Mode::kManual) return false;
  if (world.now_ms - weighed_ms < (wanted ? kWeighAgainMs : kWeighEveryMs)) return false;
  return world.SlotsSettled();
}

std::vector<double> ReadSlotWeights(const World& world, const redis::AdminOptions& admin, SlotLoads* loads) {
  StatsByShard stats;
  for (const Shard& shard : world.shards) {
    if (shard.owner == nullptr) continue;
    try {
      redis::RedisAdmin node(shard.owner->address, admin);
      const auto rows = redis::ReadSlotStats(node);
      if (!rows) return {};
      // What it was said to own counts; the rest is somebody else's by now.
      for (const redis::SlotStats& row : *rows) {
        if (shard.slots.Contains(row.slot)) stats[shard.name].push_back(row);
      }
    } catch (const base::Failure& failure) {
      base::Log(base::LogLevel::kDebug, "slots are not weighed", {{"cluster", world.cluster->key()}, {"why", failure.what()}});
      return {};
    }
  }
  return WeighSlots(world, stats, loads);
}

}  // namespace windlass::reconcile
