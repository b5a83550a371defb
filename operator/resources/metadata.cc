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

}  // namespace windlass::resources
