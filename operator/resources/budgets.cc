// PodDisruptionBudgets: one for all masters, one for the replicas of each shard.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "operator/api/names.h"
#include "operator/resources/builders.h"
#include "operator/resources/metadata.h"

namespace windlass::resources {
namespace {

Json Budget(const api::RedisCluster& cluster, const std::string& name, const Json& selected, int at_least) {
  return {{"apiVersion", "policy/v1"},
          {"kind", "PodDisruptionBudget"},
          {"metadata", OwnedMetadata(cluster, name)},
          {"spec",
           // An integer: what a percentage is of would be asked of the scale
           // subresource, which counts shards.
           {{"minAvailable", at_least},
            {"selector", {{"matchLabels", selected}}},
            // A pod that does not run anyway is in nobody's way.
            {"unhealthyPodEvictionPolicy", "AlwaysAllow"}}}};
}

}  // namespace

Json BuildMasterBudget(const api::RedisCluster& cluster, int masters) {
  const std::string& name = cluster.metadata.name;
  const Json selected = {{api::kLabelCluster, name}, {api::kLabelRole, api::kRoleMaster}};
  return Budget(cluster, api::MasterBudgetName(name), selected, masters);
}

Json BuildReplicaBudget(const api::RedisCluster& cluster, const std::string& shard) {
  const std::string& name = cluster.metadata.name;
  const Json selected = {{api::kLabelCluster, name}, {api::kLabelRole, api::kRoleReplica}, {api::kLabelShard, shard}};
  return Budget(cluster, api::ReplicaBudgetName(name, shard), selected, std::max(0, cluster.spec.replicas_per_shard - 1));
}

}  // namespace windlass::resources
