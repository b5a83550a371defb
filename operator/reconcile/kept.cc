// See kept.h.
#include "operator/reconcile/kept.h"

#include <initializer_list>
#include <nlohmann/json.hpp>

namespace windlass::reconcile {
namespace {

using Json = nlohmann::json;

// These fields, of those that there are.
Json Some(const Json& object, std::initializer_list<const char*> names) {
  Json kept = Json::object();
  if (!object.is_object()) return kept;
  for (const char* name : names) {
    if (const auto field = object.find(name); field != object.end()) kept[name] = *field;
  }
  return kept;
}

Json Child(const Json& object, const char* name) {
  const auto field = object.find(name);
  return field == object.end() ? Json::object() : *field;
}

// One that says no more than that all is well is passed over.
Json Conditions(const Json& status) {
  Json kept = Json::array();
  for (const Json& condition : status.value("conditions", Json::array())) {
    const bool resize = condition.value("type", "").rfind("PodResize", 0) == 0;
    if (resize || !condition.value("reason", "").empty()) {
      kept.push_back(Some(condition, {"type", "status", "reason", "message", "lastTransitionTime"}));
    }
  }
  return kept;
}

}  // namespace

Json KeptOfPod(const Json& pod) {
  const Json status = Child(pod, "status");
  Json kept = {{"metadata", Some(pod.at("metadata"), {"name", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp",
                                                      "labels", "annotations"})},
               {"spec", Some(Child(pod, "spec"), {"nodeName"})},
               {"status", Some(status, {"phase", "podIP"})}};
  for (const Json& container : Child(pod, "spec").value("containers", Json::array())) {
    kept["spec"]["containers"].push_back(Some(container, {"resources"}));
  }
  if (Json conditions = Conditions(status); !conditions.empty()) kept["status"]["conditions"] = std::move(conditions);
  for (const Json& container : status.value("containerStatuses", Json::array())) {
    kept["status"]["containerStatuses"].push_back(Some(container, {"name", "restartCount", "state", "resources"}));
  }
  return kept;
}

Json KeptOfMachine(const Json& node) {
  return {{"metadata", Some(node.at("metadata"), {"name", "labels"})}, {"spec", Some(Child(node, "spec"), {"unschedulable", "taints"})}};
}

}  // namespace windlass::reconcile
