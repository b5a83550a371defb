// See demand.h.
#include "operator/autoscale/demand.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "operator/autoscale/metric.h"
#include "operator/autoscale/trend.h"

namespace windlass::autoscale {
namespace {

// A load of exactly the target must not ask for one shard more.
constexpr double kEpsilon = 1e-6;

int ShardsFor(double value, double target, size_t shards) {
  const double wanted = static_cast<double>(shards) * value / target;
  return std::max(1, static_cast<int>(std::ceil(std::min(wanted, 1e6) - kEpsilon)));
}

// The shards at which the load would be `share` of the target, by the metric
// that asks for most. REQUIRES: the sample has shards.
Recommendation Recommend(const api::Autoscaling& spec, const Sample& sample, double share, HotSlots hot) {
  Recommendation best;
  for (const api::ScaleMetric& metric : spec.metrics) {
    const double value = ValueOf(metric, sample, hot);
    const double target = static_cast<double>(metric.target);
    const int shards = ShardsFor(value, target * share, sample.shards.size());
    if (shards > best.shards) best = {shards, MetricOf(metric.type).name, value, target};
  }
  return best;
}

bool OfThisShape(const Input& input, const Sample& sample) { return static_cast<int>(sample.shards.size()) == input.current_shards; }

// How high this load went before it fell and rose again to what it is now: it is likely to
// fall again there. Nothing if it has not been as high as now, or has not fallen since.
std::optional<double> EarlierPeak(const History& history, const api::ScaleMetric& metric, double now) {
  // Less than this is no fall, and is as high as now: loads are noisy.
  constexpr double kAlike = 0.9;
  std::optional<double> highest;
  bool fell = false;
  for (auto peak = history.peaks().rbegin(); peak != history.peaks().rend(); ++peak) {
    const auto& values = metric.statistic == api::ScaleMetric::Statistic::kMax ? peak->by_highest : peak->in_all;
    const double value = values[static_cast<size_t>(metric.type)];
    fell = fell || value < kAlike * now;
    if (fell && value >= kAlike * now) highest = std::max(highest.value_or(now), value);
  }
  return highest;
}

}  // namespace

std::string Describe(const Recommendation& recommendation) {
  char text[160];
  std::snprintf(text, sizeof text, "%s is %.0f of a target of %.0f", recommendation.metric.c_str(), recommendation.value, recommendation.target);
  return text;
}

std::string UnknownLoad(const api::Autoscaling& spec, const Sample& sample) {
  for (const api::ScaleMetric& metric : spec.metrics) {
    for (const ShardLoad& load : sample.shards) {
      if (!(load.*MetricOf(metric.type).load)) return std::string(MetricOf(metric.type).name) + " of " + load.shard;
    }
  }
  return "";
}

std::optional<Recommendation> OverWindow(const Input& input, const History& history, int seconds, double share, bool lowest) {
  const int64_t begin = input.now_ms - int64_t{seconds} * 1000;
  std::optional<Recommendation> result;
  bool filled = seconds == 0;
  for (const Sample& sample : history.samples()) {
    if (!OfThisShape(input, sample)) continue;
    filled = filled || sample.at_ms <= begin;
    // With no window the newest alone decides.
    if (seconds == 0 ? &sample != &history.samples().back() : sample.at_ms < begin) continue;
    const Recommendation one = Recommend(input.spec, sample, share, lowest ? HotSlots::kLeftOut : HotSlots::kCount);
    if (!result || (lowest ? one.shards < result->shards : one.shards > result->shards)) result = one;
  }
  return filled ? result : std::nullopt;
}

std::optional<Expected> ByTrend(const Input& input, const History& history, int seconds, double ahead, double reach, double share) {
  std::optional<Expected> most;
  const int64_t begin = input.now_ms - int64_t{seconds} * 1000;
  for (const api::ScaleMetric& metric : input.spec.metrics) {
    std::vector<Point> points;
    for (const Sample& sample : history.samples()) {
      if (!OfThisShape(input, sample) || sample.at_ms < begin) continue;
      const auto at_s = static_cast<double>(sample.at_ms - begin) / 1000;
      points.push_back({at_s, ValueOf(metric, sample, HotSlots::kLeftOut)});
    }
    const auto trend = FitTrend(points);
    if (!trend || trend->per_second <= 0 || trend->span_s < input.spec.scale_out.stabilization_seconds) continue;
    const double in_seconds = std::min(ahead, trend->span_s * reach);
    const auto target = static_cast<double>(metric.target);
    double value = trend->After(in_seconds);
    const double shards_now = input.current_shards;
    if (const auto peak = EarlierPeak(history, metric, trend->level * shards_now)) value = std::min(value, *peak / shards_now);
    const int shards = ShardsFor(value, target * share, static_cast<size_t>(input.current_shards));
    if (!most || shards > most->recommendation.shards) most = {{shards, MetricOf(metric.type).name, value, target}, in_seconds};
  }
  return most;
}

Capacity ForWhatIsStored(const Input& input, const History& history) {
  if (input.evicts && input.spec.scale_in.allow_eviction) return {};
  double highest = 0;
  if (history.samples().empty() || !OfThisShape(input, history.samples().back())) return {0, "Memory"};
  const Sample& sample = history.samples().back();
  for (const ShardLoad& load : sample.shards) {
    if (!load.memory_percent) return {0, "Memory of " + load.shard};
    highest = std::max(highest, *load.memory_percent);
  }
  return {ShardsFor(highest, 100.0 - input.spec.scale_in.headroom_percent, sample.shards.size()), ""};
}

std::string UnknownInWindow(const Input& input, const History& history) {
  const int64_t begin = input.now_ms - int64_t{input.spec.scale_in.stabilization_seconds} * 1000;
  for (const Sample& sample : history.samples()) {
    const bool counts = sample.at_ms >= begin || &sample == &history.samples().back();
    if (!counts || !OfThisShape(input, sample)) continue;
    if (std::string unknown = UnknownLoad(input.spec, sample); !unknown.empty()) return unknown;
  }
  return "";
}

std::string HotSlotSaid(const Input& input, const History& history) {
  if (history.samples().empty() || !OfThisShape(input, history.samples().back())) return "";
  const Sample& sample = history.samples().back();
  if (Recommend(input.spec, sample, 1.0, HotSlots::kCount).shards <= input.current_shards) return "";
  for (const ShardLoad& load : sample.shards) {
    if (!load.hot) continue;
    char share[16];
    std::snprintf(share, sizeof share, "%.0f", 100 * load.hot->share);
    return "slot " + std::to_string(load.hot->slot) + (load.hot->key.empty() ? "" : ", which has the key " + load.hot->key + ",") + " makes " + share +
           " percent of the work of " + load.shard + ": more shards would not take it away; spread its keys over more slots";
  }
  return "";
}

}  // namespace windlass::autoscale
