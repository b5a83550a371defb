// Counting healthy pods against budgets.
//
// The expected count is the number of matching pods: there are no Deployments or
// StatefulSets here whose scale could say otherwise.
#include "operator/local/api_server/disruption.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "operator/local/api_server/api_error.h"
#include "operator/local/api_server/object_meta.h"
#include "operator/local/api_server/selector.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

bool IsReady(const json& pod) {
  for (const json& one : At(pod, {"status", "conditions"})) {
    if (TextAt(one, {"type"}) == "Ready") return At(one, {"status"}) == "True";
  }
  return false;
}

bool IsFinished(const json& pod) {
  std::string phase = TextAt(pod, {"status", "phase"});
  return phase == "Succeeded" || phase == "Failed";
}

bool Covers(const json& budget, const json& pod) {
  const json& selector = At(budget, {"spec", "selector"});
  return selector.is_object() && LabelSelector::FromSpec(selector).Matches(pod);
}

// An integer, or a percentage of `total` rounded up.
int64_t CountOf(const json& value, int64_t total) {
  if (value.is_number_integer()) return value.get<int64_t>();
  if (!value.is_string()) return 0;
  int64_t percent = std::strtoll(value.get<std::string>().c_str(), nullptr, 10);
  return (total * percent + 99) / 100;
}

}  // namespace

json BudgetStatus(const json& budget, const std::vector<StoredObject>& pods) {
  int64_t expected = 0;
  int64_t healthy = 0;
  const json& selector = At(budget, {"spec", "selector"});
  const LabelSelector labels = LabelSelector::FromSpec(selector);
  for (const StoredObject& one : pods) {
    const json& pod = *one.object;
    if (!selector.is_object() || !labels.Matches(pod) || IsFinished(pod)) continue;
    ++expected;
    healthy += IsReady(pod) && !IsDeleting(pod) ? 1 : 0;
  }
  const json& least = At(budget, {"spec", "minAvailable"});
  int64_t desired = least.is_null()
                        ? std::max<int64_t>(0, expected - CountOf(At(budget, {"spec", "maxUnavailable"}), expected))
                        : CountOf(least, expected);
  int64_t allowed = expected > 0 ? std::max<int64_t>(0, healthy - desired) : 0;
  json status = At(budget, {"status"});
  if (!status.is_object()) status = json::object();
  status["observedGeneration"] = IntegerAt(budget, {"metadata", "generation"});
  status["expectedPods"] = expected;
  status["currentHealthy"] = healthy;
  status["desiredHealthy"] = desired;
  status["disruptionsAllowed"] = allowed;
  return status;
}

void RefuseDisruption(const json& pod, const std::vector<StoredObject>& pods,
                      const std::vector<StoredObject>& budgets) {
  if (IsFinished(pod) || TextAt(pod, {"status", "phase"}) == "Pending" || IsDeleting(pod)) return;
  std::vector<const json*> covering;
  for (const StoredObject& budget : budgets) {
    if (Covers(*budget.object, pod)) covering.push_back(budget.object.get());
  }
  if (covering.empty()) return;
  if (covering.size() > 1) {
    throw ApiError(500, "",
                   "This pod has more than one PodDisruptionBudget, which the eviction subresource "
                   "does not support.");
  }
  json status = BudgetStatus(*covering[0], pods);
  // A pod that is not healthy does not count, so losing it costs nothing while
  // the healthy ones suffice.
  if (!IsReady(pod) && status["currentHealthy"] >= status["desiredHealthy"]) return;
  if (status["disruptionsAllowed"] > 0) return;
  std::string name = MetaText(*covering[0], "name");
  ApiError error(429, "TooManyRequests",
                 "Cannot evict pod as it would violate the pod's disruption budget.");
  error.causes.push_back(
      {"DisruptionBudget",
       "The disruption budget " + name + " needs " + status["desiredHealthy"].dump() +
           " healthy pods and has " + status["currentHealthy"].dump() + " currently",
       ""});
  throw error;
}

}  // namespace windlass::api_server
