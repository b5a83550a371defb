// Secrets, ConfigMap, Services and claims.
#include <nlohmann/json.hpp>

#include "operator/api/names.h"
#include "operator/base/encoding.h"
#include "operator/base/time.h"
#include "operator/resources/builders.h"
#include "operator/resources/metadata.h"

namespace windlass::resources {
namespace {

constexpr char kCurrent[] = "password";
constexpr char kEarlier[] = "earlier-password";

Json Secret(const api::RedisCluster& cluster, const std::string& name, const std::string& key, const std::string& text) {
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", OwnedMetadata(cluster, name)},
          {"type", "Opaque"},
          {"data", {{key, base::Base64Encode(text)}}}};
}

// A word of redis.conf in double quotes.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

}  // namespace

Json BuildPasswordSecret(const api::RedisCluster& cluster, const std::string& password) {
  return Secret(cluster, api::PasswordSecretName(cluster.metadata.name), "password", password);
}

Json BuildNodeSecret(const api::RedisCluster& cluster, const Passwords& passwords) {
  std::string conf = "# Written by windlass-operator.\n";
  const std::string& password = passwords.current;
  if (!password.empty()) conf += "requirepass " + Quoted(password) + "\nmasterauth " + Quoted(password) + "\n";
  Json secret = Secret(cluster, api::NodeSecretName(cluster.metadata.name), "auth.conf", conf);
  secret["data"][kCurrent] = base::Base64Encode(password);
  secret["data"][kEarlier] = base::Base64Encode(passwords.earlier);
  secret["metadata"]["annotations"][api::kAnnotationOverlapUntil] = passwords.until_ms == 0 ? "" : base::Rfc3339(passwords.until_ms);
  return secret;
}

Passwords PasswordsIn(const Json& node_secret) {
  const Json data = node_secret.value("data", Json::object());
  Passwords passwords;
  passwords.current = base::Base64Decode(data.value(kCurrent, ""));
  passwords.earlier = base::Base64Decode(data.value(kEarlier, ""));
  const Json annotations = node_secret.at("metadata").value("annotations", Json::object());
  passwords.until_ms = base::ParseRfc3339(annotations.value(api::kAnnotationOverlapUntil, "")).value_or(0);
  return passwords;
}

Json BuildConfigMap(const api::RedisCluster& cluster) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", OwnedMetadata(cluster, api::ConfigMapName(cluster.metadata.name))},
          {"data", {{"redis.conf", RedisConf(cluster.spec)}}}};
}

Json BuildClientService(const api::RedisCluster& cluster) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", OwnedMetadata(cluster, api::ClientServiceName(cluster.metadata.name))},
          {"spec", WithFamilies(cluster, {{"selector", {{api::kLabelCluster, cluster.metadata.name}}}, {"ports", Json::array({RedisServicePort()})}})}};
}

Json BuildNodesService(const api::RedisCluster& cluster) {
  const Json bus = {{"name", "bus"}, {"port", api::kBusPort}, {"targetPort", "bus"}, {"protocol", "TCP"}};
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", OwnedMetadata(cluster, api::NodesServiceName(cluster.metadata.name))},
          {"spec", WithFamilies(cluster, {{"clusterIP", "None"},
                                          {"publishNotReadyAddresses", true},
                                          {"selector", {{api::kLabelCluster, cluster.metadata.name}}},
                                          {"ports", Json::array({RedisServicePort(), bus})}})}};
}

Json BuildClaim(const api::RedisCluster& cluster, const NodeIdentity& node) {
  const api::Storage& storage = cluster.spec.storage.value();
  Json labels = CommonLabels(cluster);
  labels[api::kLabelShard] = node.shard;
  Json metadata = {{"name", node.name}, {"namespace", cluster.metadata.name_space}, {"labels", labels}};
  if (!cluster.status.cluster_id.empty()) metadata["annotations"] = {{api::kAnnotationClusterId, cluster.status.cluster_id}};
  Json spec = {{"accessModes", {"ReadWriteOnce"}}, {"resources", {{"requests", {{"storage", storage.size}}}}}};
  if (!storage.class_name.empty()) spec["storageClassName"] = storage.class_name;
  return {{"apiVersion", "v1"},
          {"kind", "PersistentVolumeClaim"},
          {"metadata", metadata},
          {"spec", spec}};
}

Json BuildBindingSecret(const api::RedisCluster& cluster, const std::string& password) {
  const std::string host = api::ClientServiceName(cluster.metadata.name) + "." + cluster.metadata.name_space + ".svc";
  const std::string port = std::to_string(api::kRedisPort);
  const std::string user = password.empty() ? "" : "default";
  const std::string login = password.empty() ? "" : user + ":" + base::PercentEncode(password) + "@";
  Json secret = Secret(cluster, api::BindingSecretName(cluster.metadata.name), "type", "redis");
  secret["type"] = "servicebinding.io/redis";
  const std::pair<const char*, std::string> entries[] = {{"provider", "windlass"}, {"host", host}, {"port", port}, {"username", user},
                                                         {"password", password}, {"uri", "redis://" + login + host + ":" + port}};
  for (const auto& [key, text] : entries) secret["data"][key] = base::Base64Encode(text);
  return secret;
}

Json BuildNetworkPolicy(const api::RedisCluster& cluster) {
  const Json own = {{"podSelector", {{"matchLabels", {{api::kLabelCluster, cluster.metadata.name}}}}}};
  const Json the_operator = {{"namespaceSelector", Json::object()},
                             {"podSelector", {{"matchLabels", {{api::kLabelName, api::kManager}}}}}};
  const auto port = [](int number) { return Json::array({{{"port", number}, {"protocol", "TCP"}}}); };
  Json clients = {{"ports", port(api::kRedisPort)}};
  if (!cluster.spec.network_policy.from.empty()) {
    clients["from"] = Json::array({own, the_operator});
    for (const std::string& peer : cluster.spec.network_policy.from) clients["from"].push_back(Json::parse(peer));
  }
  Json ingress = Json::array({clients, {{"ports", port(api::kBusPort)}, {"from", Json::array({own})}}});
  // Figures hold no data, and who scrapes them is seldom one of the clients.
  if (cluster.spec.metrics) ingress.push_back({{"ports", port(cluster.spec.metrics->port)}});
  const Json spec = {{"podSelector", own.at("podSelector")}, {"policyTypes", {"Ingress"}}, {"ingress", ingress}};
  Json metadata = OwnedMetadata(cluster, api::NetworkPolicyName(cluster.metadata.name));
  // A rule without "from" is for everybody, so what is absent counts too: it is compared by this.
  metadata["annotations"] = {{api::kAnnotationTemplate, base::Sha256Hex(spec.dump()).substr(0, 16)}};
  return {{"apiVersion", "networking.k8s.io/v1"}, {"kind", "NetworkPolicy"}, {"metadata", metadata}, {"spec", spec}};
}

Json BuildPodMonitor(const api::RedisCluster& cluster) {
  return {{"apiVersion", "monitoring.coreos.com/v1"},
          {"kind", "PodMonitor"},
          {"metadata", OwnedMetadata(cluster, cluster.metadata.name)},
          {"spec",
           {{"selector", {{"matchLabels", {{api::kLabelCluster, cluster.metadata.name}}}}},
            {"podTargetLabels", Json::array({api::kLabelCluster, api::kLabelShard, api::kLabelRole})},
            {"podMetricsEndpoints", Json::array({{{"port", "metrics"}, {"path", "/metrics"}}})}}}};
}

}  // namespace windlass::resources
