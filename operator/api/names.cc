// See names.h.
#include "operator/api/names.h"

#include "operator/base/text.h"

namespace windlass::api {

std::string NodeName(const std::string& cluster, int ordinal) { return cluster + "-" + std::to_string(ordinal); }

std::optional<int> NodeOrdinal(const std::string& cluster, const std::string& name) {
  const size_t prefix = cluster.size() + 1;
  if (name.size() <= prefix || name.compare(0, cluster.size(), cluster) != 0 || name[cluster.size()] != '-') return std::nullopt;
  const std::string digits = name.substr(prefix);
  const auto value = base::ParseUint(digits);
  if (!value || *value > 1000000 || std::to_string(*value) != digits) return std::nullopt;
  return static_cast<int>(*value);
}

std::string ClientServiceName(const std::string& cluster) { return cluster; }
std::string NodesServiceName(const std::string& cluster) { return cluster + "-nodes"; }
std::string ExternalServiceName(const std::string& of) { return of + "-external"; }
std::string NodeHostSuffix(const std::string& cluster, const std::string& name_space) {
  return "." + NodesServiceName(cluster) + "." + name_space + ".svc";
}
std::string ConfigMapName(const std::string& cluster) { return cluster + "-config"; }
std::string PasswordSecretName(const std::string& cluster) { return cluster + "-auth"; }
std::string NodeSecretName(const std::string& cluster) { return cluster + "-node"; }
std::string BindingSecretName(const std::string& cluster) { return cluster + "-binding"; }
std::string NetworkPolicyName(const std::string& cluster) { return cluster; }
std::string MasterBudgetName(const std::string& cluster) { return cluster + "-masters"; }
std::string ReplicaBudgetName(const std::string& cluster, const std::string& shard) { return cluster + "-" + shard + "-replicas"; }
std::string MasterSelector(const std::string& cluster) {
  return std::string(kLabelCluster) + "=" + cluster + "," + kLabelRole + "=" + kRoleMaster;
}

}  // namespace windlass::api
