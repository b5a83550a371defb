// See history.h.
#include "operator/autoscale/history.h"

#include <algorithm>

#include "operator/autoscale/metric.h"

namespace windlass::autoscale {

void History::Add(Sample sample, int64_t keep_ms) {
  constexpr int64_t kStretchMs = 120'000;
  constexpr size_t kStretches = 180;
  if (peaks_.empty() || sample.at_ms - peaks_.back().at_ms >= kStretchMs) peaks_.push_back({sample.at_ms, {}, {}});
  if (peaks_.size() > kStretches) peaks_.pop_front();
  for (size_t type = 0; type < Peak::kMetrics; ++type) {
    const auto load = MetricOf(static_cast<api::MetricType>(type)).load;
    double highest = 0, sum = 0;
    for (const ShardLoad& shard : sample.shards) {
      const double value = (shard.*load).value_or(0);
      highest = std::max(highest, value);
      sum += value;
    }
    Peak& peak = peaks_.back();
    peak.by_highest[type] = std::max(peak.by_highest[type], highest * static_cast<double>(sample.shards.size()));
    peak.in_all[type] = std::max(peak.in_all[type], sum);
  }
  const int64_t oldest = sample.at_ms - keep_ms;
  samples_.push_back(std::move(sample));
  // One sample older than the window stays: it proves that the window is filled.
  while (samples_.size() > 2 && samples_[1].at_ms <= oldest) samples_.pop_front();
}

}  // namespace windlass::autoscale
