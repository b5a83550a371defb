// How many shards the load asks for: over a window, by its trend, and for what is stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "operator/api/redis_cluster.h"
#include "operator/autoscale/history.h"

namespace windlass::autoscale {

struct Input {
  api::Autoscaling spec;
  bool evicts = false;  // memory.evictionPolicy is not noeviction
  int spec_shards = 0;
  int current_shards = 0;  // that own slots; 0: not formed
  // What status remembers; nothing if it was never written, or was lost.
  std::optional<api::AutoscalingStatus> status;
  // Nothing is to be decided while shards come or go or are unwell.
  std::string busy;  // why, or empty
  int64_t now_ms = 0;
};

struct Recommendation {
  int shards = 0;
  std::string metric;
  double value = 0;
  double target = 0;
};

// "Memory is 80 of a target of 70"
std::string Describe(const Recommendation& recommendation);

// The lowest (or highest) recommendation of the window; nothing if the samples
// do not fill it. What hot slots cost is left out of the lowest.
std::optional<Recommendation> OverWindow(const Input& input, const History& history, int seconds, double share, bool lowest);

struct Expected {
  Recommendation recommendation;
  double in_seconds = 0;
};

// What the trends of the last `seconds` ask for `ahead` seconds from now, each followed
// at most `reach` times as far as it has been seen for; nothing if no load rises by one,
// or none has been seen for as long as scaling out must wait.
std::optional<Expected> ByTrend(const Input& input, const History& history, int seconds, double ahead, double reach, double share);

// The fewest shards that hold what is stored, with headroom; a text if that is not known.
struct Capacity {
  int shards = 0;
  std::string unknown;
};

Capacity ForWhatIsStored(const Input& input, const History& history);

// The first load of the sample of which nothing is known, as people call it; empty if all are.
std::string UnknownLoad(const api::Autoscaling& spec, const Sample& sample);

// Why not all loads of the window are known; empty if they are.
std::string UnknownInWindow(const Input& input, const History& history);

// The hot slot for which more shards were asked for if they were of use; empty: there is none.
std::string HotSlotSaid(const Input& input, const History& history);

}  // namespace windlass::autoscale
