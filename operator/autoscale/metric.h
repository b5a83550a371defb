// The loads that a number of shards may go by, read off a sample.
#pragma once

#include "operator/api/redis_cluster.h"
#include "operator/autoscale/history.h"

namespace windlass::autoscale {

struct Metric {
  const char* name;
  std::optional<double> ShardLoad::*load;
};

const Metric& MetricOf(api::MetricType type);

// Whether work makes this load, which a hot slot may have most of.
bool MadeByWork(api::MetricType type);

// Of a hot slot's work no other shard can have a part.
enum class HotSlots { kCount, kLeftOut };

// What is known of it; a shard that is not known adds nothing. REQUIRES: the sample has shards.
double ValueOf(const api::ScaleMetric& metric, const Sample& sample, HotSlots hot);

// The shard furthest above a target that work, and not data, makes; empty if none is.
std::string MostLoaded(const api::Autoscaling& spec, const Sample& sample);

}  // namespace windlass::autoscale
