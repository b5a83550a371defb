// Labels and ownership that all our objects have.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "operator/api/redis_cluster.h"

namespace windlass::resources {

nlohmann::json CommonLabels(const api::RedisCluster& cluster);
// {name, namespace, labels, ownerReferences}
nlohmann::json OwnedMetadata(const api::RedisCluster& cluster, const std::string& name);

}  // namespace windlass::resources
