// The pod of one node.
//
// Two volumes of configuration and one of data; the arguments name the pod's own
// address, because nodes.conf may hold that of an earlier pod.
#include <nlohmann/json.hpp>

#include "operator/api/names.h"
#include "operator/base/encoding.h"
#include "operator/resources/builders.h"
#include "operator/resources/metadata.h"

namespace windlass::resources {
namespace {

constexpr int kUser = 65532;

Json FieldEnv(const char* name, const char* path) {
  return {{"name", name}, {"valueFrom", {{"fieldRef", {{"fieldPath", path}}}}}};
}

// A TCP probe: nothing is forked, and a node busy with a long script is alive.
Json Probe(int period_seconds, int failure_threshold) {
  return {{"tcpSocket", {{"port", "redis"}}}, {"periodSeconds", period_seconds},
          {"timeoutSeconds", 1}, {"failureThreshold", failure_threshold}};
}

Json Container(const api::RedisCluster& cluster, const std::string& image) {
  Json resources = Json::object();
  if (!cluster.spec.resources.requests.empty()) resources["requests"] = cluster.spec.resources.requests;
  if (!cluster.spec.resources.limits.empty()) resources["limits"] = cluster.spec.resources.limits;
  return {{"name", "node"},
          {"image", image},
          {"args",
           {"/config/redis.conf", "--include", "/auth/auth.conf", "--bind", "$(POD_IP)",
            "--cluster-announce-ip", "$(POD_IP)", "--cluster-announce-hostname", "$(POD_NAME)"}},
          // The last two: `kubectl exec POD -- windlassctl cli …` needs no options. CONFIG REWRITE
          // cannot write to the mounted file; what it keeps elsewhere yields to that file.
          {"env", Json::array({FieldEnv("POD_IP", "status.podIP"), FieldEnv("POD_NAME", "metadata.name"),
                               {{"name", "WINDLASS_KEPT_SETTINGS"}, {"value", "/data/kept.conf"}},
                               FieldEnv("WINDLASSCTL_HOST", "status.podIP"),
                               {{"name", "WINDLASSCTL_AUTH_FILE"}, {"value", "/auth/auth.conf"}}})},
          {"workingDir", "/data"},
          {"ports", Json::array({{{"name", "redis"}, {"containerPort", api::kRedisPort}},
                                 {{"name", "bus"}, {"containerPort", api::kBusPort}}})},
          {"resources", resources},
          {"readinessProbe", Probe(1, 3)},
          {"livenessProbe", Probe(5, 6)},
          {"securityContext", {{"allowPrivilegeEscalation", false}, {"capabilities", {{"drop", {"ALL"}}}}, {"readOnlyRootFilesystem", true}}},
          {"volumeMounts", Json::array({{{"name", "config"}, {"mountPath", "/config"}, {"readOnly", true}},
                                        {{"name", "auth"}, {"mountPath", "/auth"}, {"readOnly", true}},
                                        {{"name", "data"}, {"mountPath", "/data"}}})}};
}

// Whatever user the image names, the node is this one, and its volume is writable for it.
Json SecurityContext() {
  return {{"runAsNonRoot", true}, {"runAsUser", kUser}, {"runAsGroup", kUser}, {"fsGroup", kUser},
          {"fsGroupChangePolicy", "OnRootMismatch"}, {"seccompProfile", {{"type", "RuntimeDefault"}}}};
}

// Apart from the others of its shard where that can be: one machine or zone that
// is lost then takes no shard with it.
Json Apart(const api::RedisCluster& cluster, const std::string& shard) {
  const Json others = {{"matchLabels", {{api::kLabelCluster, cluster.metadata.name}, {api::kLabelShard, shard}}}};
  const auto term = [&others](int weight, const char* topology) {
    return Json{{"weight", weight}, {"podAffinityTerm", {{"topologyKey", topology}, {"labelSelector", others}}}};
  };
  const Json terms = Json::array({term(100, "kubernetes.io/hostname"), term(50, "topology.kubernetes.io/zone")});
  return {{"podAntiAffinity", {{"preferredDuringSchedulingIgnoredDuringExecution", terms}}}};
}

// Everything that does not tell one node from another.
Json Template(const api::RedisCluster& cluster, const std::string& image) {
  const std::string& name = cluster.metadata.name;
  return {{"containers", Json::array({Container(cluster, image)})},
          {"restartPolicy", "Always"},
          {"terminationGracePeriodSeconds", 60},
          {"automountServiceAccountToken", false},
          {"enableServiceLinks", false},
          {"securityContext", SecurityContext()},
          {"subdomain", api::NodesServiceName(name)},
          {"volumes", Json::array({{{"name", "config"}, {"configMap", {{"name", api::ConfigMapName(name)}}}},
                                   {{"name", "auth"}, {"secret", {{"secretName", api::NodeSecretName(name)}}}}})}};
}

}  // namespace

std::string TemplateHash(const api::RedisCluster& cluster) {
  return base::Sha256Hex(Template(cluster, cluster.spec.image).dump()).substr(0, 16);
}

Json BuildPod(const api::RedisCluster& cluster, const NodeIdentity& node, const NodeImage& image) {
  Json metadata = OwnedMetadata(cluster, node.name);
  metadata["labels"][api::kLabelShard] = node.shard;
  metadata["annotations"] = {{api::kAnnotationTemplate, TemplateHash(cluster)}};
  Json spec = Template(cluster, image.name);
  if (!image.pull_policy.empty()) spec["containers"][0]["imagePullPolicy"] = image.pull_policy;
  spec["hostname"] = node.name;
  spec["affinity"] = Apart(cluster, node.shard);
  if (cluster.spec.storage) {
    spec["volumes"].push_back({{"name", "data"}, {"persistentVolumeClaim", {{"claimName", node.name}}}});
  } else {
    spec["volumes"].push_back({{"name", "data"}, {"emptyDir", Json::object()}});
  }
  return {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", metadata}, {"spec", spec}};
}

}  // namespace windlass::resources
