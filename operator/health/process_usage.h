// What this process uses, under the names that every Prometheus client gives.
#pragma once

#include "operator/health/metric_text.h"

namespace windlass::health {

void WriteProcessUsage(MetricText* text);

}  // namespace windlass::health
