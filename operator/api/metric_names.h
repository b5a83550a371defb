// The loads by which shards are scaled, by the names that the spec and people know.
#pragma once

#include <map>
#include <string>

#include "operator/api/redis_cluster.h"

namespace windlass::api {

const std::map<std::string, MetricType>& MetricTypes();
const char* NameOf(MetricType type);

}  // namespace windlass::api
