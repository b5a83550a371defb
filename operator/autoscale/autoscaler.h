// The autoscaler's decision.
//
// Every sample recommends a number of shards: the load over the target, on the
// metric that asks for most. Scaling out takes the lowest recommendation of its
// window (the load has been there all the time), scaling in the highest of its
// own, computed against the target less headroom (the load will stay below the
// target with a shard fewer). A window that is not yet filled with samples
// decides nothing. Above urgentMemoryPercent neither window nor cooldown holds
// scaling out back. spec.shards is never written; a change of it overrides once.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "operator/api/redis_cluster.h"

namespace windlass::autoscale {

struct ShardLoad {
  std::string shard;
  double memory_percent = 0;  // of maxmemory
  double ops_per_second = 0;
};

// All shards at one time; taken only while every master answers.
struct Sample {
  int64_t at_ms = 0;
  std::vector<ShardLoad> shards;
};

// Samples as long as the longer window needs them. Not thread-safe.
class History {
 public:
  void Add(Sample sample, int64_t keep_ms);
  // The number of shards changed, or the spec: older loads say nothing any more.
  void Clear() { samples_.clear(); }
  const std::deque<Sample>& samples() const { return samples_; }

 private:
  std::deque<Sample> samples_;
};

struct Input {
  api::Autoscaling spec;
  int spec_shards = 0;
  int current_shards = 0;  // that own slots; 0: not formed
  // What status remembers; nothing if it was never written, or was lost.
  std::optional<api::AutoscalingStatus> status;
  // Nothing is to be decided while shards come or go or are unwell.
  std::string busy;  // why, or empty
  int64_t now_ms = 0;
};

// The status to write; desired_shards is the decision.
api::AutoscalingStatus Decide(const Input& input, const History& history);

// The shards that the spec and the status together ask for.
int TargetShards(const api::RedisCluster& cluster);

}  // namespace windlass::autoscale
