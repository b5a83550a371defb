// See metadata.h.
#include "operator/resources/metadata.h"

#include <nlohmann/json.hpp>

#include "operator/api/names.h"

namespace windlass::resources {

using Json = nlohmann::json;

Json CommonLabels(const api::RedisCluster& cluster) {
  return {{api::kLabelName, "windlass"},
          {api::kLabelInstance, cluster.metadata.name},
          {api::kLabelManagedBy, api::kManager},
          {api::kLabelCluster, cluster.metadata.name}};
}

Json OwnedMetadata(const api::RedisCluster& cluster, const std::string& name) {
  const Json owner = {{"apiVersion", api::kGroupVersion}, {"kind", "RedisCluster"},
                      {"name", cluster.metadata.name},    {"uid", cluster.metadata.uid},
                      {"controller", true},               {"blockOwnerDeletion", true}};
  return {{"name", name},
          {"namespace", cluster.metadata.name_space},
          {"labels", CommonLabels(cluster)},
          {"ownerReferences", Json::array({owner})}};
}

Json RedisServicePort() {
  return {{"name", "redis"}, {"port", api::kRedisPort}, {"targetPort", "redis"}, {"protocol", "TCP"}};
}

Json WithFamilies(const api::RedisCluster& cluster, Json service_spec) {
  const auto& families = cluster.spec.network.ip_families;
  if (families.empty()) return service_spec;
  service_spec["ipFamilies"] = families;
  service_spec["ipFamilyPolicy"] = families.size() == 2 ? "RequireDualStack" : "SingleStack";
  return service_spec;
}

}  // namespace windlass::resources
