// Labels and ownership that all our objects have, and what all our Services have.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "operator/api/redis_cluster.h"

namespace windlass::resources {

nlohmann::json CommonLabels(const api::RedisCluster& cluster);
// {name, namespace, labels, ownerReferences}
nlohmann::json OwnedMetadata(const api::RedisCluster& cluster, const std::string& name);

// What Services have in common: the clients' port, and the IP families of the spec.
nlohmann::json RedisServicePort();
nlohmann::json WithFamilies(const api::RedisCluster& cluster, nlohmann::json service_spec);

}  // namespace windlass::resources
