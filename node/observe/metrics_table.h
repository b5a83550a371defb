// Which field of INFO is which metric.
#pragma once

#include <span>
#include <string_view>

namespace windlass::observe {

struct Metric {
  std::string_view field;  // of INFO or CLUSTER INFO
  std::string_view name;   // without "redis_"
  bool counter;            // else a gauge
  double scale;            // the value is multiplied by this: to base units
  std::string_view help;
};

std::span<const Metric> MetricTable();

}  // namespace windlass::observe
