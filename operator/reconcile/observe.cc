// See observe.h.
#include "operator/reconcile/observe.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "node/base/clock.h"
#include "operator/api/names.h"
#include "operator/api/quantity.h"
#include "operator/base/time.h"
#include "operator/reconcile/retire.h"
#include "operator/resources/builders.h"
#include "operator/resources/diff.h"

namespace windlass::reconcile {
namespace {

using Json = nlohmann::json;

// For all nodes side by side, and what it takes to read the answers of very many, each of
// which speaks of all.
constexpr int64_t kDeadlineMs = 1000;
constexpr int64_t kDeadlineMsPerNode = 5;

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
  static constexpr const char* kLeaving[] = {"ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted", "karpenter.sh/disruption",
                                             "node.kubernetes.io/out-of-service"};
  // Put there because the machine is out of reach: the bus sees to that.
  static constexpr const char* kSilent[] = {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"};
  const Json spec = node.value("spec", Json::object());
  if (spec.value("unschedulable", false)) return true;
  for (const Json& taint : spec.value("taints", Json::array())) {
    const std::string name = taint.value("key", "");
    for (const char* key : kLeaving) {
      if (name == key) return true;
    }
    // Pods are to be gone, if not at once then soon.
    const bool silent = std::any_of(std::begin(kSilent), std::end(kSilent), [&name](const char* key) { return name == key; });
    if (taint.value("effect", "") == "NoExecute" && !silent) return true;
  }
  return false;
}

// What is known of the machine it is on.
void AddPlace(const Context& context, const Json& pod, PodFact* fact) {
  const std::string name = pod.value("spec", Json::object()).value("nodeName", "");
  fact->placed = !name.empty();
  const informer::Object node = name.empty() || context.caches.nodes == nullptr ? nullptr : context.caches.nodes->Find("/" + name);
  if (node == nullptr) return;
  fact->cordoned = Cordoned(*node);
  fact->zone = node->at("metadata").value("labels", Json::object()).value("topology.kubernetes.io/zone", "");
}

// Why the volume is not as it should be, where Kubernetes says so.
std::string VolumeProblem(const Json& claim) {
  const Json status = claim.value("status", Json::object());
  if (status.value("phase", "") == "Lost") {
    return "its volume is gone for good: delete the claim and the pod, and the node is made anew from its master or replica";
  }
  for (const Json& condition : status.value("conditions", Json::array())) {
    const std::string type = condition.value("type", "");
    const bool failed = type == "ControllerResizeError" || type == "NodeResizeError" || type == "ModifyVolumeError";
    if (failed && condition.value("status", "") == "True") return type + ": " + condition.value("message", "");
  }
  return "";
}

ClaimFact ClaimFromJson(const Json& claim) {
  const Json& metadata = claim.at("metadata");
  const Json annotations = metadata.value("annotations", Json::object());
  const Json spec = claim.value("spec", Json::object());
  const Json requests = spec.value("resources", Json::object()).value("requests", Json::object());
  // One on its way out brings no node back, but its name is taken until it is gone.
  const bool deleting = metadata.contains("deletionTimestamp");
  ClaimFact fact;
  fact.shard = deleting ? "" : metadata.value("labels", Json::object()).value(api::kLabelShard, "");
  fact.orphan = !deleting && fact.shard.empty() && annotations.value(kAnnotationRetired, "") != kRetiredDelete;
  fact.size = requests.value("storage", "");
  fact.bytes = api::ParseQuantity(fact.size).value_or(0);
  fact.class_name = spec.value("storageClassName", "");
  fact.cluster_id = annotations.value(api::kAnnotationClusterId, "");
  fact.problem = VolumeProblem(claim);
  fact.lost = claim.value("status", Json::object()).value("phase", "") == "Lost";
  return fact;
}

}  // namespace

namespace {

// How far Kubernetes is with giving the container what it was asked for.
void AddResize(const Json& pod, PodFact* fact) {
  const Json status = pod.value("status", Json::object());
  for (const Json& condition : status.value("conditions", Json::array())) {
    const std::string type = condition.value("type", "");
    if (condition.value("status", "") != "True" || (type != "PodResizePending" && type != "PodResizeInProgress")) continue;
    fact->resized = false;
    if (condition.value("reason", "") == "Infeasible") fact->resize_problem = condition.value("message", "Infeasible");
  }
  const Json containers = pod.value("spec", Json::object()).value("containers", Json::array());
  const Json statuses = status.value("containerStatuses", Json::array());
  if (containers.empty() || statuses.empty() || !statuses[0].contains("resources")) return;
  const Json asked = containers[0].value("resources", Json::object());
  if (resources::FirstDifference(asked, statuses[0].at("resources"))) fact->resized = false;
}

}  // namespace

namespace {

// The scheduler's word that the volume is bound to where no pod can be now.
void AddReach(const Json& pod, PodFact* fact) {
  static constexpr const char* kWords[] = {"volume node affinity conflict", "no available volume zone"};
  for (const Json& condition : pod.value("status", Json::object()).value("conditions", Json::array())) {
    if (condition.value("reason", "") != "Unschedulable" || condition.value("status", "") != "False") continue;
    const std::string message = condition.value("message", "");
    const bool bound = std::any_of(std::begin(kWords), std::end(kWords), [&](const char* words) { return message.find(words) != std::string::npos; });
    if (bound) fact->out_of_reach_ms = base::ParseRfc3339(condition.value("lastTransitionTime", "")).value_or(0);
  }
}

// Since when the container runs, and how often it was started anew.
void AddStarts(const Json& pod, PodFact* fact) {
  fact->created_ms = base::ParseRfc3339(pod.at("metadata").value("creationTimestamp", "")).value_or(0);
  for (const Json& container : pod.value("status", Json::object()).value("containerStatuses", Json::array())) {
    if (container.value("name", "") != "node") continue;
    fact->restarts = container.value("restartCount", 0);
    const Json running = container.value("state", Json::object()).value("running", Json::object());
    fact->started_ms = base::ParseRfc3339(running.value("startedAt", "")).value_or(0);
  }
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
  fact.fenced = annotations.value(api::kAnnotationFenced, "false") != "false";
  fact.take_over = annotations.contains(api::kAnnotationTakeOver);
  fact.resources = annotations.value(api::kAnnotationResources, "");
  fact.resize_to = annotations.value(api::kAnnotationResizeTo, "");
  AddResize(pod, &fact);
  AddStarts(pod, &fact);
  AddReach(pod, &fact);
  fact.terminating = metadata.contains("deletionTimestamp");
  fact.finished = phase == "Failed" || phase == "Succeeded";
  fact.problem = ProblemOf(status);
  return fact;
}

redis::ObserveOptions QuestionsFor(const redis::AdminOptions& admin, size_t nodes) {
  redis::ObserveOptions options;
  options.admin = admin;
  options.deadline_ms = kDeadlineMs + kDeadlineMsPerNode * static_cast<int64_t>(nodes);
  options.info_sections = {"server", "memory", "stats", "replication", "persistence", "cpu"};
  return options;
}

Observation Observe(const Context& context, const api::RedisCluster& cluster, const redis::AdminOptions& admin, redis::NodeLinks* links) {
  const std::string& space = cluster.metadata.name_space;
  const std::string& name = cluster.metadata.name;
  Observation seen;
  seen.cluster = &cluster;
  seen.image = cluster.spec.image.empty() ? context.default_image : cluster.spec.image;
  std::vector<topology::Address> addresses;
  for (const auto& pod : context.caches.pods.WithLabel(space, name)) {
    seen.pods.push_back(PodFromJson(*pod));
    AddPlace(context, *pod, &seen.pods.back());
    if (!seen.pods.back().ip.empty()) addresses.push_back({seen.pods.back().ip, api::kRedisPort});
  }
  for (const auto& claim : context.caches.claims.WithLabel(space, name)) {
    seen.claims[claim->at("metadata").value("name", "")] = ClaimFromJson(*claim);
  }
  seen.reports = links->Ask(addresses, QuestionsFor(admin, addresses.size()));
  seen.now_ms = base::SystemClock().UnixMs();
  return seen;
}

}  // namespace windlass::reconcile
