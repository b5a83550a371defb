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

Json Arguments(const api::RedisCluster& cluster) {
  const api::Network& network = cluster.spec.network;
  const std::string host = AnnouncedName(cluster, "$(POD_NAME)");
  Json words = {"/config/redis.conf", "--include", "/auth/auth.conf", "--bind"};
  const std::vector<std::string> everywhere{"*", "-::*"}, own{"$(POD_IP)"};
  for (const std::string& address : network.ip_families.size() == 2 ? everywhere : own) words.push_back(address);
  for (const std::string& word : {std::string("--cluster-announce-ip"), std::string("$(POD_IP)"), std::string("--cluster-announce-hostname"), host}) {
    words.push_back(word);
  }
  return words;
}

Json Container(const api::RedisCluster& cluster, const std::string& image) {
  return {{"name", "node"},
          {"image", image},
          {"args", Arguments(cluster)},
          // The last two: `kubectl exec POD -- windlassctl cli …` needs no options. CONFIG REWRITE
          // cannot write to the mounted file; what it keeps elsewhere yields to that file.
          {"env", Json::array({FieldEnv("POD_IP", "status.podIP"), FieldEnv("POD_NAME", "metadata.name"),
                               {{"name", "WINDLASS_KEPT_SETTINGS"}, {"value", "/data/kept.conf"}},
                               FieldEnv("WINDLASSCTL_HOST", "status.podIP"),
                               {{"name", "WINDLASSCTL_AUTH_FILE"}, {"value", "/auth/auth.conf"}}})},
          {"workingDir", "/data"},
          {"ports", Json::array({{{"name", "redis"}, {"containerPort", api::kRedisPort}},
                                 {{"name", "bus"}, {"containerPort", api::kBusPort}}})},
          {"resources", ResourcesJson(cluster.spec.resources)},
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

// Apart from the others of its shard where that can be, or must: one machine or
// zone that is lost then takes no shard with it. Beside what the spec asks for itself.
Json Affinity(const api::RedisCluster& cluster, const std::string& shard) {
  const api::PodOptions& pod = cluster.spec.pod;
  Json affinity = pod.affinity.empty() ? Json::object() : Json::parse(pod.affinity);
  const Json others = {{"matchLabels", {{api::kLabelCluster, cluster.metadata.name}, {api::kLabelShard, shard}}}};
  const auto add = [&](api::Spread spread, int weight, const char* topology) {
    if (spread == api::Spread::kOff) return;
    const Json term = {{"topologyKey", topology}, {"labelSelector", others}};
    Json& anti = affinity["podAntiAffinity"];
    if (spread == api::Spread::kRequired) {
      anti["requiredDuringSchedulingIgnoredDuringExecution"].push_back(term);
    } else {
      anti["preferredDuringSchedulingIgnoredDuringExecution"].push_back({{"weight", weight}, {"podAffinityTerm", term}});
    }
  };
  add(pod.hosts, 100, "kubernetes.io/hostname");
  add(pod.zones, 50, "topology.kubernetes.io/zone");
  return affinity;
}

Json TolerationJson(const api::Toleration& toleration) {
  Json json = Json::object();
  if (!toleration.key.empty()) json["key"] = toleration.key;
  if (!toleration.op.empty()) json["operator"] = toleration.op;
  if (!toleration.value.empty()) json["value"] = toleration.value;
  if (!toleration.effect.empty()) json["effect"] = toleration.effect;
  if (toleration.seconds) json["tolerationSeconds"] = *toleration.seconds;
  return json;
}

// What only some clusters ask for: absent, it leaves the template, and so its hash, as it was.
void AddOptions(const api::Spec& spec, Json* pod) {
  const api::PodOptions& options = spec.pod;
  if (!options.node_selector.empty()) (*pod)["nodeSelector"] = options.node_selector;
  for (const api::Toleration& toleration : options.tolerations) (*pod)["tolerations"].push_back(TolerationJson(toleration));
  for (const std::string& name : spec.image_pull_secrets) (*pod)["imagePullSecrets"].push_back({{"name", name}});
  if (!options.priority_class_name.empty()) (*pod)["priorityClassName"] = options.priority_class_name;
  if (!options.service_account_name.empty()) (*pod)["serviceAccountName"] = options.service_account_name;
}

// What is of the pod but not in its template, as far as the spec names it; empty if nowhere.
std::string OptionsOutside(const api::PodOptions& options) {
  Json json = Json::object();
  if (!options.labels.empty()) json["labels"] = options.labels;
  if (!options.annotations.empty()) json["annotations"] = options.annotations;
  if (!options.affinity.empty()) json["affinity"] = options.affinity;
  if (options.hosts != api::Spread::kPreferred) json["hosts"] = static_cast<int>(options.hosts);
  if (options.zones != api::Spread::kPreferred) json["zones"] = static_cast<int>(options.zones);
  return json.empty() ? "" : json.dump();
}

// Everything that does not tell one node from another.
Json Template(const api::RedisCluster& cluster, const std::string& image) {
  const std::string& name = cluster.metadata.name;
  Json pod = {{"containers", Json::array({Container(cluster, image)})},
          {"restartPolicy", "Always"},
          {"terminationGracePeriodSeconds", cluster.spec.pod.termination_grace_seconds},
          {"automountServiceAccountToken", false},
          {"enableServiceLinks", false},
          {"securityContext", SecurityContext()},
          {"subdomain", api::NodesServiceName(name)},
          {"volumes", Json::array({{{"name", "config"}, {"configMap", {{"name", api::ConfigMapName(name)}}}},
                                   {{"name", "auth"}, {"secret", {{"secretName", api::NodeSecretName(name)}}}}})}};
  AddOptions(cluster.spec, &pod);
  if (cluster.spec.metrics) {
    pod["containers"][0]["ports"].push_back({{"name", "metrics"}, {"containerPort", cluster.spec.metrics->port}});
  }
  return pod;
}

}  // namespace

Json ResourcesJson(const api::Resources& resources) {
  Json json = Json::object();
  if (!resources.requests.empty()) json["requests"] = resources.requests;
  if (!resources.limits.empty()) json["limits"] = resources.limits;
  return json;
}

std::string ResourcesText(const api::Resources& resources) { return ResourcesJson(resources).dump(); }

std::optional<api::Resources> ResourcesFromText(const std::string& text) {
  using Map = std::map<std::string, std::string>;
  try {
    const Json json = Json::parse(text);
    return api::Resources{json.value("requests", Map()), json.value("limits", Map())};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::string TemplateHash(const api::RedisCluster& cluster) {
  return base::Sha256Hex(Template(cluster, cluster.spec.image).dump() + OptionsOutside(cluster.spec.pod)).substr(0, 16);
}

Json BuildPod(const api::RedisCluster& cluster, const NodeIdentity& node, const NodeImage& image) {
  Json metadata = OwnedMetadata(cluster, node.name);
  metadata["labels"][api::kLabelShard] = node.shard;
  metadata["annotations"] = {{api::kAnnotationTemplate, TemplateHash(cluster)},
                             {api::kAnnotationResources, ResourcesText(cluster.spec.resources)}};
  if (cluster.spec.network.external.type != api::External::Type::kNone) metadata["labels"][api::kLabelNode] = node.name;
  for (const auto& [label, value] : cluster.spec.pod.labels) metadata["labels"][label] = value;
  for (const auto& [annotation, value] : cluster.spec.pod.annotations) metadata["annotations"][annotation] = value;
  Json spec = Template(cluster, image.name);
  if (!image.pull_policy.empty()) spec["containers"][0]["imagePullPolicy"] = image.pull_policy;
  spec["hostname"] = node.name;
  if (Json affinity = Affinity(cluster, node.shard); !affinity.empty()) spec["affinity"] = std::move(affinity);
  if (cluster.spec.storage) {
    spec["volumes"].push_back({{"name", "data"}, {"persistentVolumeClaim", {{"claimName", node.name}}}});
  } else {
    spec["volumes"].push_back({{"name", "data"}, {"emptyDir", Json::object()}});
  }
  return {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", metadata}, {"spec", spec}};
}

}  // namespace windlass::resources
