// See rivals.h.
#include "operator/reconcile/rivals.h"

#include <nlohmann/json.hpp>

namespace windlass::reconcile {
namespace {

using Json = nlohmann::json;

bool IsTarget(const Json& scaler, const std::string& name) {
  const Json target = scaler.value("spec", Json::object()).value("scaleTargetRef", Json::object());
  return target.value("kind", "") == kube::kRedisClusters.kind && target.value("name", "") == name;
}

}  // namespace

bool ScalesItself(const api::Spec& spec) { return spec.autoscaling && spec.autoscaling->mode == api::Autoscaling::Mode::kAuto; }

Rivals FindRivals(kube::Client& client, const api::RedisCluster& cluster) {
  Rivals rivals;
  try {
    client.List(kube::kAutoscalers, cluster.metadata.name_space, "", [&](const Json& scaler) {
      if (!IsTarget(scaler, cluster.metadata.name)) return;
      rivals.names += (rivals.names.empty() ? "" : ", ") + scaler.at("metadata").value("name", "");
    });
  } catch (const kube::KubeError& error) {
    if (error.not_found()) return {};  // an API server that has no such kind
    if (error.status() != 403) throw;
    return {false, error.what()};
  }
  return rivals;
}

api::Condition RivalCondition(const api::RedisCluster& cluster, const Rivals& rivals) {
  api::Condition condition{"AutoscalerConflict", "False", cluster.metadata.generation, "NoConflict", "one autoscaler at most changes the number of shards", ""};
  if (!ScalesItself(cluster.spec)) return condition;
  if (!rivals.known) {
    condition.status = "Unknown";
    condition.reason = "NotKnown";
    condition.message = "whether a HorizontalPodAutoscaler scales it too: " + rivals.names;
  } else if (!rivals.names.empty()) {
    condition.status = "True";
    condition.reason = "ScaledByAnother";
    condition.message = "HorizontalPodAutoscaler " + rivals.names +
                        " writes spec.shards, and each change of that overrides spec.autoscaling once: delete it, or set spec.autoscaling.mode to Recommend";
  }
  return condition;
}

}  // namespace windlass::reconcile
