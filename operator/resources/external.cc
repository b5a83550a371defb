// The names by which clients find nodes, and Services for those outside.
#include <nlohmann/json.hpp>

#include "operator/api/names.h"
#include "operator/api/validation.h"
#include "operator/resources/builders.h"
#include "operator/resources/metadata.h"

namespace windlass::resources {
namespace {

bool IsOutside(const api::RedisCluster& cluster) { return cluster.spec.network.external.type != api::External::Type::kNone; }

Json Service(const api::RedisCluster& cluster, const std::string& of, const Json& selector) {
  Json metadata = OwnedMetadata(cluster, api::ExternalServiceName(of));
  // By which those of pods that are gone are found.
  metadata["labels"][api::kLabelNode] = of;
  std::string given;
  for (const auto& [name, value] : cluster.spec.network.external.annotations) {
    metadata["annotations"][name] = value;
    given += (given.empty() ? "" : ",") + name;
  }
  metadata["annotations"][api::kAnnotationGiven] = given;
  const Json spec = WithFamilies(cluster, {{"type", "LoadBalancer"}, {"selector", selector}, {"ports", Json::array({RedisServicePort()})}});
  return {{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", metadata}, {"spec", spec}};
}

}  // namespace

Json BuildExternalService(const api::RedisCluster& cluster) {
  return Service(cluster, cluster.metadata.name, {{api::kLabelCluster, cluster.metadata.name}});
}

Json BuildExternalService(const api::RedisCluster& cluster, const std::string& pod) {
  return Service(cluster, pod, {{api::kLabelCluster, cluster.metadata.name}, {api::kLabelNode, pod}});
}

std::string AnnouncedName(const api::RedisCluster& cluster, const std::string& pod) {
  const api::Network& network = cluster.spec.network;
  if (IsOutside(cluster)) {
    if (const auto pattern = api::HostPatternFromText(network.external.hostname_template)) return pattern->first + pod + pattern->second;
  }
  if (network.endpoint == api::Endpoint::kIp) return pod;
  return pod + api::NodeHostSuffix(cluster.metadata.name, cluster.metadata.name_space);
}

bool IsToldByName(const api::RedisCluster& cluster) {
  return IsOutside(cluster) || cluster.spec.network.endpoint == api::Endpoint::kHostname;
}

}  // namespace windlass::resources
