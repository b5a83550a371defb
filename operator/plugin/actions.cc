// See actions.h.
#include "operator/plugin/actions.h"

#include <nlohmann/json.hpp>

#include "operator/api/names.h"
#include "operator/base/failure.h"

namespace windlass::plugin {
namespace {

void Annotate(kube::Client& client, const kube::Kind& kind, const Target& target, const char* annotation) {
  client.MergePatch(kind, target.name_space, target.name, {{"metadata", {{"annotations", {{annotation, "requested"}}}}}});
}

}  // namespace

std::string Pause(kube::Client& client, const Target& cluster, bool paused) {
  client.MergePatch(kube::kRedisClusters, cluster.name_space, cluster.name, {{"spec", {{"paused", paused}}}});
  return cluster.name + (paused ? " is paused: the operator looks and reports, and changes nothing" : " goes on");
}

std::string Rebalance(kube::Client& client, const Target& cluster) {
  Annotate(client, kube::kRedisClusters, cluster, api::kAnnotationRebalance);
  return "the slots of " + cluster.name + " are to be evened out; `kubectl windlass plan " + cluster.name + "` shows it";
}

std::string FailOver(kube::Client& client, const Target& pod) {
  const auto live = client.Get(kube::kPods, pod.name_space, pod.name);
  if (!live) throw base::Failure("there is no pod " + pod.name + " in namespace " + pod.name_space);
  const auto labels = live->at("metadata").value("labels", kube::Json::object());
  if (labels.value(api::kLabelCluster, "").empty()) throw base::Failure(pod.name + " is no node of a RedisCluster");
  if (labels.value(api::kLabelRole, "") != api::kRoleReplica) throw base::Failure(pod.name + " is not a replica: name one that is to take over");
  Annotate(client, kube::kPods, pod, api::kAnnotationTakeOver);
  return pod.name + " is to take over from its master, as soon as it holds everything";
}

}  // namespace windlass::plugin
