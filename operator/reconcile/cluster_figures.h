// What is known of every RedisCluster, as figures to be scraped: from status, so
// that a scrape costs no node anything.
#pragma once

#include "operator/health/metric_text.h"
#include "operator/informer/store.h"

namespace windlass::reconcile {

void WriteClusterFigures(const informer::Store& clusters, health::MetricText* text);

}  // namespace windlass::reconcile
