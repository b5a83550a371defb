// See metric_names.h.
#include "operator/api/metric_names.h"

namespace windlass::api {

const std::map<std::string, MetricType>& MetricTypes() {
  static const std::map<std::string, MetricType> kTypes = {{"Memory", MetricType::kMemory},
                                                           {"CPU", MetricType::kCpu},
                                                           {"OpsPerSecond", MetricType::kOpsPerSecond},
                                                           {"NetworkBytes", MetricType::kNetworkBytes},
                                                           {"EvictionsPerSecond", MetricType::kEvictionsPerSecond}};
  return kTypes;
}

const char* NameOf(MetricType type) {
  for (const auto& [name, named] : MetricTypes()) {
    if (named == type) return name.c_str();
  }
  return "";
}

}  // namespace windlass::api
