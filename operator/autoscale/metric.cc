// See metric.h.
#include "operator/autoscale/metric.h"

#include <algorithm>

#include "operator/api/metric_names.h"

namespace windlass::autoscale {

const Metric& MetricOf(api::MetricType type) {
  static const Metric kMemory = {api::NameOf(api::MetricType::kMemory), &ShardLoad::memory_percent};
  static const Metric kCpu = {api::NameOf(api::MetricType::kCpu), &ShardLoad::cpu_percent};
  static const Metric kOps = {api::NameOf(api::MetricType::kOpsPerSecond), &ShardLoad::ops_per_second};
  static const Metric kNetwork = {api::NameOf(api::MetricType::kNetworkBytes), &ShardLoad::network_bytes_per_second};
  static const Metric kEvictions = {api::NameOf(api::MetricType::kEvictionsPerSecond), &ShardLoad::evictions_per_second};
  switch (type) {
    case api::MetricType::kCpu: return kCpu;
    case api::MetricType::kOpsPerSecond: return kOps;
    case api::MetricType::kNetworkBytes: return kNetwork;
    case api::MetricType::kEvictionsPerSecond: return kEvictions;
    case api::MetricType::kMemory: break;
  }
  return kMemory;
}

bool MadeByWork(api::MetricType type) {
  return type == api::MetricType::kCpu || type == api::MetricType::kOpsPerSecond || type == api::MetricType::kNetworkBytes;
}

double ValueOf(const api::ScaleMetric& metric, const Sample& sample, HotSlots hot) {
  double highest = 0, sum = 0;
  for (const ShardLoad& load : sample.shards) {
    double value = (load.*MetricOf(metric.type).load).value_or(0);
    if (hot == HotSlots::kLeftOut && load.hot && MadeByWork(metric.type)) value *= 1 - load.hot->share;
    highest = std::max(highest, value);
    sum += value;
  }
  return metric.statistic == api::ScaleMetric::Statistic::kMax ? highest : sum / static_cast<double>(sample.shards.size());
}

std::string MostLoaded(const api::Autoscaling& spec, const Sample& sample) {
  std::string most;
  double highest = 1;
  for (const api::ScaleMetric& metric : spec.metrics) {
    if (!MadeByWork(metric.type)) continue;
    for (const ShardLoad& load : sample.shards) {
      const double share = (load.*MetricOf(metric.type).load).value_or(0) / static_cast<double>(metric.target);
      if (share <= highest) continue;
      highest = share;
      most = load.shard;
    }
  }
  return most;
}

}  // namespace windlass::autoscale
