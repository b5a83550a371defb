// See observe.h.
#include "operator/reconcile/observe.h"

#include <nlohmann/json.hpp>

#include "node/base/clock.h"
#include "operator/api/names.h"
#include "operator/redis/observe.h"

namespace windlass::reconcile {
namespace {

using Json = nlohmann::json;

constexpr int64_t kDeadlineMs = 1000;

// Why a container waits, where that is more than starting.
std::string ProblemOf(const Json& status) {
  for (const Json& container : status.value("containerStatuses", Json::array())) {
    const Json waiting = container.value("state", Json::object()).value("waiting", Json::object());
    const std::string reason = waiting.value("reason", "");
    if (reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing") continue;
    const std::string message = waiting.value("message", "");
    return message.empty() ? reason : reason + ": " + message;
  }
  for (const Json& condition : status.value("conditions", Json::array())) {
    const bool unschedulable = condition.value("reason", "") == "Unschedulable" && condition.value("status", "") == "False";
    if (unschedulable) return "Unschedulable: " + condition.value("message", "");
  }
  return "";
}

// Whether pods are to leave this machine: by a person's cordon, or by the mark of
// what takes machines away.
bool Cordoned(const Json& node) {
  static constexpr const char* kLeaving[] = {"ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted",
                                             "node.kubernetes.io/out-of-service"};
  const Json spec = node.value("spec", Json::object());
  if (spec.value("unschedulable", false)) return true;
  for (const Json& taint : spec.value("taints", Json::array())) {
    for (const char* key : kLeaving) {
      if (taint.value("key", "") == key) return true;
    }
  }
  return false;
}

bool OnCordonedNode(const Context& context, const Json& pod) {
  if (context.caches.nodes == nullptr) return false;
  const std::string name = pod.value("spec", Json::object()).value("nodeName", "");
  const informer::Object node = name.empty() ? nullptr : context.caches.nodes->Find("/" + name);
  return node != nullptr && Cordoned(*node);
}

}  // namespace

PodFact PodFromJson(const Json& pod) {
  const Json& metadata = pod.at("metadata");
  const Json labels = metadata.value("labels", Json::object());
  const Json status = pod.value("status", Json::object());
  const std::string phase = status.value("phase", "");
  PodFact fact;
  fact.name = metadata.at("name").get<std::string>();
  fact.uid = metadata.value("uid", "");
  fact.ip = status.value("podIP", "");
  fact.shard = labels.value(api::kLabelShard, "");
  fact.role = labels.value(api::kLabelRole, "");
  const Json annotations = metadata.value("annotations", Json::object());
  fact.node_id = annotations.value(api::kAnnotationNodeId, "");
  fact.template_hash = annotations.value(api::kAnnotationTemplate, "");
  fact.settings = NodeSettingsFromText(annotations.value(api::kAnnotationSettings, ""));
  fact.terminating = metadata.contains("deletionTimestamp");
  fact.finished = phase == "Failed" || phase == "Succeeded";
  fact.problem = ProblemOf(status);
  return fact;
}

Observation Observe(const Context& context, const api::RedisCluster& cluster, const redis::AdminOptions& admin) {
  const std::string& space = cluster.metadata.name_space;
  const std::string& name = cluster.metadata.name;
  Observation seen;
  seen.cluster = &cluster;
  seen.image = cluster.spec.image.empty() ? context.default_image : cluster.spec.image;
  std::vector<topology::Address> addresses;
  for (const auto& pod : context.caches.pods.WithLabel(space, api::kLabelCluster, name)) {
    seen.pods.push_back(PodFromJson(*pod));
    seen.pods.back().cordoned = OnCordonedNode(context, *pod);
    if (!seen.pods.back().ip.empty()) addresses.push_back({seen.pods.back().ip, api::kRedisPort});
  }
  for (const auto& claim : context.caches.claims.WithLabel(space, api::kLabelCluster, name)) {
    const Json& metadata = claim->at("metadata");
    // One on its way out brings no node back, but its name is taken until it is gone.
    const bool deleting = metadata.contains("deletionTimestamp");
    seen.claims[metadata.value("name", "")] = deleting ? "" : metadata.value("labels", Json::object()).value(api::kLabelShard, "");
  }
  redis::ObserveOptions options;
  options.admin = admin;
  options.deadline_ms = kDeadlineMs;
  options.info_sections = {"server", "memory", "stats", "replication", "persistence"};
  seen.reports = redis::ObserveNodes(addresses, options);
  seen.now_ms = base::SystemClock().UnixMs();
  return seen;
}

}  // namespace windlass::reconcile
