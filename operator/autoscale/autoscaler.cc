// See autoscaler.h.
#include "operator/autoscale/autoscaler.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "operator/base/time.h"

namespace windlass::autoscale {
namespace {

// A load of exactly the target must not ask for one shard more.
constexpr double kEpsilon = 1e-6;

struct Recommendation {
  int shards = 0;
  std::string metric;
  double value = 0;
  double target = 0;
};

const char* NameOf(api::MetricType type) { return type == api::MetricType::kMemory ? "Memory" : "OpsPerSecond"; }

double ValueOf(const api::ScaleMetric& metric, const Sample& sample) {
  double highest = 0, sum = 0;
  for (const ShardLoad& load : sample.shards) {
    const double value = metric.type == api::MetricType::kMemory ? load.memory_percent : load.ops_per_second;
    highest = std::max(highest, value);
    sum += value;
  }
  return metric.statistic == api::ScaleMetric::Statistic::kMax ? highest : sum / static_cast<double>(sample.shards.size());
}

// The shards at which the load would be `share` of the target, by the metric
// that asks for most. REQUIRES: the sample has shards.
Recommendation Recommend(const api::Autoscaling& spec, const Sample& sample, double share) {
  Recommendation best;
  for (const api::ScaleMetric& metric : spec.metrics) {
    const double value = ValueOf(metric, sample);
    const double target = static_cast<double>(metric.target) * share;
    const double wanted = static_cast<double>(sample.shards.size()) * value / target;
    const int shards = std::max(1, static_cast<int>(std::ceil(std::min(wanted, 1e6) - kEpsilon)));
    if (shards > best.shards) best = {shards, NameOf(metric.type), value, static_cast<double>(metric.target)};
  }
  return best;
}

// The lowest (or highest) recommendation of the window; nothing if the samples
// do not fill it.
std::optional<Recommendation> OverWindow(const Input& input, const History& history, int seconds, double share, bool lowest) {
  const int64_t begin = input.now_ms - int64_t{seconds} * 1000;
  std::optional<Recommendation> result;
  bool filled = seconds == 0;
  for (const Sample& sample : history.samples()) {
    if (static_cast<int>(sample.shards.size()) != input.current_shards) continue;
    filled = filled || sample.at_ms <= begin;
    // With no window the newest alone decides.
    if (seconds == 0 ? &sample != &history.samples().back() : sample.at_ms < begin) continue;
    const Recommendation one = Recommend(input.spec, sample, share);
    if (!result || (lowest ? one.shards < result->shards : one.shards > result->shards)) result = one;
  }
  return filled ? result : std::nullopt;
}

bool Urgent(const Input& input, const History& history) {
  if (history.samples().empty()) return false;
  for (const ShardLoad& load : history.samples().back().shards) {
    if (load.memory_percent >= input.spec.scale_out.urgent_memory_percent) return true;
  }
  return false;
}

std::string Describe(const Recommendation& recommendation) {
  char text[160];
  std::snprintf(text, sizeof text, "%s is %.0f of a target of %.0f", recommendation.metric.c_str(), recommendation.value, recommendation.target);
  return text;
}

int Clamp(const api::Autoscaling& spec, int shards) { return std::clamp(shards, spec.min_shards, std::max(spec.min_shards, spec.max_shards)); }

void Change(const Input& input, int desired, int cooldown_seconds, const std::string& message, api::AutoscalingStatus* status) {
  status->reason = desired > status->desired_shards ? "ScaleOut" : "ScaleIn";
  status->message = message + ": " + std::to_string(status->desired_shards) + " to " + std::to_string(desired) + " shards";
  status->desired_shards = desired;
  status->last_scale_time = base::Rfc3339(input.now_ms);
  status->cooldown_until = base::Rfc3339(input.now_ms + int64_t{cooldown_seconds} * 1000);
}

// True if it decided on more shards, or that the limit forbids them.
bool TryScaleOut(const Input& input, const History& history, bool cooling, api::AutoscalingStatus* status) {
  const bool urgent = Urgent(input, history);
  if (cooling && !urgent) return false;
  auto recommendation = OverWindow(input, history, urgent ? 0 : input.spec.scale_out.stabilization_seconds, 1.0, true);
  if (!recommendation && !urgent) return false;
  int wanted = recommendation ? recommendation->shards : 0;
  // Urgent by one full shard, though the mean may be below its target.
  if (urgent) wanted = std::max(wanted, input.current_shards + 1);
  if (wanted <= input.current_shards) return false;
  const int desired = Clamp(input.spec, std::min(wanted, input.current_shards + input.spec.scale_out.max_step));
  const std::string message = urgent ? "a shard's memory is urgent" : Describe(*recommendation);
  if (desired <= input.current_shards) {
    status->reason = "AtMaximum";
    status->message = message + ", but maxShards is " + std::to_string(input.spec.max_shards);
    return true;
  }
  Change(input, desired, input.spec.scale_out.cooldown_seconds, message, status);
  return true;
}

bool TryScaleIn(const Input& input, const History& history, bool cooling, api::AutoscalingStatus* status) {
  if (!input.spec.scale_in.enabled || cooling) return false;
  const double share = 1.0 - input.spec.scale_in.headroom_percent / 100.0;
  const auto recommendation = OverWindow(input, history, input.spec.scale_in.stabilization_seconds, share, false);
  if (!recommendation || recommendation->shards >= input.current_shards) return false;
  const int desired = Clamp(input.spec, std::max(recommendation->shards, input.current_shards - input.spec.scale_in.max_step));
  if (desired >= input.current_shards) return false;
  Change(input, desired, input.spec.scale_in.cooldown_seconds, Describe(*recommendation), status);
  return true;
}

}  // namespace

void History::Add(Sample sample, int64_t keep_ms) {
  const int64_t oldest = sample.at_ms - keep_ms;
  samples_.push_back(std::move(sample));
  // One sample older than the window stays: it proves that the window is filled.
  while (samples_.size() > 2 && samples_[1].at_ms <= oldest) samples_.pop_front();
}

api::AutoscalingStatus Decide(const Input& input, const History& history) {
  api::AutoscalingStatus status = input.status.value_or(api::AutoscalingStatus());
  if (!input.status || status.desired_shards == 0) {
    // New, or forgotten: what is there is the start, not a reason to move data.
    status.seen_spec_shards = input.spec_shards;
    status.desired_shards = Clamp(input.spec, input.current_shards > 0 ? input.current_shards : input.spec_shards);
    status.reason = "Started";
    status.message = "starting from " + std::to_string(status.desired_shards) + " shards";
    return status;
  }
  if (status.seen_spec_shards != input.spec_shards) {
    status.seen_spec_shards = input.spec_shards;
    status.desired_shards = Clamp(input.spec, input.spec_shards);
    status.reason = "SpecChanged";
    status.message = "spec.shards was changed to " + std::to_string(input.spec_shards);
    return status;
  }
  status.desired_shards = Clamp(input.spec, status.desired_shards);
  if (input.spec.mode == api::Autoscaling::Mode::kRecommend) status.desired_shards = input.current_shards;
  if (!input.busy.empty()) return status;
  const bool cooling = base::ParseRfc3339(status.cooldown_until).value_or(0) > input.now_ms;
  const bool recommend_only = input.spec.mode == api::Autoscaling::Mode::kRecommend;
  if (TryScaleOut(input, history, cooling && !recommend_only, &status)) return status;
  if (TryScaleIn(input, history, cooling && !recommend_only, &status)) return status;
  status.reason = cooling ? "Cooldown" : "Steady";
  status.message.clear();
  return status;
}

int TargetShards(const api::RedisCluster& cluster) {
  const auto& scaling = cluster.spec.autoscaling;
  if (!scaling || scaling->mode != api::Autoscaling::Mode::kAuto) return cluster.spec.shards;
  const auto& status = cluster.status.autoscaling;
  if (!status || status->desired_shards == 0) {
    // Not decided yet. Formed, it stays as it is until it is.
    const int shards = cluster.status.target_shards > 0 ? cluster.status.target_shards : cluster.spec.shards;
    return Clamp(*scaling, shards);
  }
  return Clamp(*scaling, status->desired_shards);
}

}  // namespace windlass::autoscale
