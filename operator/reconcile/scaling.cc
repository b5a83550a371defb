// See scaling.h.
#include "operator/reconcile/scaling.h"

#include <algorithm>

namespace windlass::reconcile {
namespace {

constexpr int64_t kSampleEveryMs = 500;

// Nothing unless every shard's master answers: a mean over some says nothing.
std::optional<autoscale::Sample> Measure(const World& world) {
  autoscale::Sample sample;
  sample.at_ms = world.now_ms;
  for (const Shard& shard : world.shards) {
    if (shard.owner_missing || shard.contested) return std::nullopt;
    if (shard.owner == nullptr) continue;
    const topology::NodeReport* report = world.view.ReportOf(shard.owner->id);
    const auto used = report == nullptr ? std::nullopt : report->InfoInt("used_memory");
    const auto limit = report == nullptr ? std::nullopt : report->InfoInt("maxmemory");
    const auto ops = report == nullptr ? std::nullopt : report->InfoInt("instantaneous_ops_per_sec");
    if (!used || !limit || !ops || *limit <= 0) return std::nullopt;
    sample.shards.push_back({shard.name, 100.0 * static_cast<double>(*used) / static_cast<double>(*limit), static_cast<double>(*ops)});
  }
  if (sample.shards.empty()) return std::nullopt;
  return sample;
}

std::string WhyBusy(const World& world) {
  if (world.status().cluster_id.empty()) return "the cluster is not formed";
  if (world.operation()) return world.operation()->kind + " is under way";
  if (static_cast<int>(world.shards.size()) != world.target_shards) return "shards are being added or removed";
  for (const Shard& shard : world.shards) {
    if (shard.owner == nullptr || shard.contested) return shard.name + " has no settled master";
  }
  return "";
}

}  // namespace

api::AutoscalingStatus DecideScaling(const World& world, autoscale::History* history) {
  const api::Autoscaling& spec = *world.spec().autoscaling;
  autoscale::Input input;
  input.spec = spec;
  input.spec_shards = world.spec().shards;
  for (const Shard& shard : world.shards) input.current_shards += shard.owner != nullptr || shard.owner_missing;
  input.status = world.status().autoscaling;
  input.busy = WhyBusy(world);
  input.now_ms = world.now_ms;
  const int64_t window_s = std::max(spec.scale_out.stabilization_seconds, spec.scale_in.stabilization_seconds);
  const auto& samples = history->samples();
  const bool due = samples.empty() || world.now_ms - samples.back().at_ms >= kSampleEveryMs;
  if (!input.busy.empty()) {
    // The load of a cluster in motion is not what it will have afterwards.
    history->Clear();
  } else if (auto sample = due ? Measure(world) : std::nullopt) {
    history->Add(std::move(*sample), window_s * 1000);
  }
  return autoscale::Decide(input, *history);
}

}  // namespace windlass::reconcile
