// What was measured: samples for the windows, and the peaks of some hours.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "operator/autoscale/load_meter.h"

namespace windlass::autoscale {

// All shards at one time; taken only while every master answers.
struct Sample {
  int64_t at_ms = 0;
  std::vector<ShardLoad> shards;
};

// What the whole cluster had to do for two minutes, in one shard's load times the number
// of shards: it stays comparable when that number changes.
struct Peak {
  static constexpr size_t kMetrics = 5;  // by api::MetricType
  int64_t at_ms = 0;
  std::array<double, kMetrics> by_highest = {};  // of the highest shard's load
  std::array<double, kMetrics> in_all = {};
};

// Samples as long as the longest window needs them, and the peaks of some hours. Not
// thread-safe.
class History {
 public:
  void Add(Sample sample, int64_t keep_ms);
  // The number of shards changed, or the spec: older loads of a shard say nothing any
  // more. The peaks stay.
  void Clear() { samples_.clear(); }
  const std::deque<Sample>& samples() const { return samples_; }
  const std::deque<Peak>& peaks() const { return peaks_; }

 private:
  std::deque<Sample> samples_;
  std::deque<Peak> peaks_;
};

}  // namespace windlass::autoscale
