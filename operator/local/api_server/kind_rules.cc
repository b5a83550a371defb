// Rules of the built-in kinds.
#include "operator/local/api_server/kind_rules.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "operator/local/api_server/base64.h"
#include "operator/local/api_server/object_meta.h"
#include "operator/local/api_server/registry.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

bool IsCore(const ResourceInfo& info, const char* plural) {
  return info.group.empty() && info.plural == plural;
}

// stringData is a way in only: what is stored and shown is data.
void FoldStringData(json& secret) {
  if (const json& plain = At(secret, {"stringData"}); plain.is_object()) {
    json encoded = json::object();
    for (auto it = plain.begin(); it != plain.end(); ++it) {
      encoded[it.key()] = Base64(it->get<std::string>());
    }
    if (!secret["data"].is_object()) secret["data"] = json::object();
    secret["data"].update(encoded);
  }
  secret.erase("stringData");
}

std::string FreeClusterIp(const json& service, const ObjectStore::Transaction& store) {
  std::set<std::string> taken;
  for (const StoredObject& one : store.List("services", "").items) {
    taken.insert(TextAt(*one.object, {"spec", "clusterIP"}));
  }
  size_t number = std::hash<std::string>()(MetaText(service, "uid"));
  for (;; ++number) {
    size_t host = 1 + number % 65000;
    std::string ip = "10.96." + std::to_string(host / 256) + "." + std::to_string(host % 256);
    if (taken.count(ip) == 0) return ip;
  }
}

void FillInService(json& service, const ObjectStore::Transaction* store) {
  json& spec = service["spec"];
  if (!spec.is_object()) spec = json::object();
  std::string type = spec.value("type", "ClusterIP");
  spec["type"] = type;
  if (!spec.contains("sessionAffinity")) spec["sessionAffinity"] = "None";
  if (type != "ExternalName") {
    if (TextAt(spec, {"clusterIP"}).empty() && store != nullptr) {
      spec["clusterIP"] = FreeClusterIp(service, *store);
    }
    spec["clusterIPs"] = json::array({spec["clusterIP"]});
    if (!spec.contains("ipFamilies")) spec["ipFamilies"] = json::array({"IPv4"});
    if (!spec.contains("ipFamilyPolicy")) spec["ipFamilyPolicy"] = "SingleStack";
    if (!spec.contains("internalTrafficPolicy")) spec["internalTrafficPolicy"] = "Cluster";
  }
  if (spec.contains("ports")) {
    for (json& port : spec["ports"]) {
      if (port.contains("port") && !port.contains("targetPort")) port["targetPort"] = port["port"];
    }
  }
  if (!At(service, {"status"}).is_object()) service["status"] = json::object();
  if (!service["status"].contains("loadBalancer")) service["status"]["loadBalancer"] = json::object();
}

std::string QosClass(const json& spec) {
  bool any = false;
  bool all_limited = true;
  for (const char* list : {"containers", "initContainers"}) {
    for (const json& container : spec.value(list, json::array())) {
      const json& limits = At(container, {"resources", "limits"});
      const json& requests = At(container, {"resources", "requests"});
      any = any || (limits.is_object() && !limits.empty()) ||
            (requests.is_object() && !requests.empty());
      for (const char* name : {"cpu", "memory"}) {
        bool limited = limits.is_object() && limits.contains(name) &&
                       (!requests.is_object() || !requests.contains(name) ||
                        requests[name] == limits[name]);
        all_limited = all_limited && limited;
      }
    }
  }
  return !any ? "BestEffort" : all_limited ? "Guaranteed" : "Burstable";
}

void FillInContainers(json& spec, const char* list) {
  auto containers = spec.find(list);
  if (containers == spec.end() || !containers->is_array()) return;
  for (json& container : *containers) {
    if (!container.is_object()) continue;
    std::string image = container.value("image", "");
    if (!container.contains("imagePullPolicy")) {
      size_t slash = image.rfind('/');
      size_t colon = image.find(':', slash == std::string::npos ? 0 : slash);
      bool latest = colon == std::string::npos || image.substr(colon) == ":latest";
      container["imagePullPolicy"] = latest ? "Always" : "IfNotPresent";
    }
    json limits = At(container, {"resources", "limits"});
    if (!limits.is_object()) continue;
    json& requests = container["resources"]["requests"];  // a request not given is the limit
    for (auto it = limits.begin(); it != limits.end(); ++it) {
      if (!requests.contains(it.key())) requests[it.key()] = *it;
    }
  }
}

void FillInPod(json& pod) {
  json& spec = pod["spec"];
  if (!spec.is_object()) return;
  FillInContainers(spec, "containers");
  FillInContainers(spec, "initContainers");
  if (!spec.contains("serviceAccountName")) spec["serviceAccountName"] = "default";
  spec["serviceAccount"] = spec["serviceAccountName"];
  json& status = pod["status"];
  if (!status.is_object()) status = json::object();
  status["phase"] = "Pending";
  status["qosClass"] = QosClass(spec);
}

}  // namespace

void FillInForCreate(const ResourceInfo& info, json& object,
                     const ObjectStore::Transaction& store) {
  if (!info.builtin) return;
  if (IsCore(info, "pods")) FillInPod(object);
  if (IsCore(info, "services")) FillInService(object, &store);
  if (IsCore(info, "secrets")) FoldStringData(object);
  if (IsCore(info, "persistentvolumeclaims")) object["status"] = {{"phase", "Pending"}};
  if (IsCore(info, "namespaces")) {
    object["spec"]["finalizers"] = json::array({"kubernetes"});
    object["status"] = {{"phase", "Active"}};
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = MetaText(object, "name");
  }
  if (info.kind == "CustomResourceDefinition") CompleteDefinition(object, NowText());
}

void FillInForUpdate(const ResourceInfo& info, const json& before, json& object) {
  if (!info.builtin) return;
  if (IsCore(info, "services")) {
    json& spec = object["spec"];
    if (spec.is_object() && TextAt(spec, {"clusterIP"}).empty() &&
        At(before, {"spec", "clusterIP"}).is_string()) {
      spec["clusterIP"] = before["spec"]["clusterIP"];
    }
    FillInService(object, nullptr);
  }
  if (IsCore(info, "secrets")) FoldStringData(object);
  if (IsCore(info, "pods") && object["spec"].is_object()) {
    FillInContainers(object["spec"], "containers");
    FillInContainers(object["spec"], "initContainers");
  }
  if (info.kind == "CustomResourceDefinition") CompleteDefinition(object, NowText());
}

std::vector<Cause> ValidateKind(const ResourceInfo& info, const json& object) {
  std::vector<Cause> causes;
  if (!info.builtin) return causes;
  if (IsCore(info, "pods")) {
    const json& containers = At(object, {"spec", "containers"});
    if (!containers.is_array() || containers.empty()) {
      causes.push_back({"FieldValueRequired", "Required value", "spec.containers"});
    }
    for (size_t i = 0; i < containers.size(); ++i) {
      if (TextAt(containers[i], {"image"}).empty()) {
        causes.push_back({"FieldValueRequired", "Required value",
                          "spec.containers[" + std::to_string(i) + "].image"});
      }
    }
  }
  if (info.kind == "PodDisruptionBudget" && At(object, {"spec", "minAvailable"}) != nullptr &&
      At(object, {"spec", "maxUnavailable"}) != nullptr) {
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: minAvailable and maxUnavailable cannot be both set", "spec"});
  }
  if (IsCore(info, "persistentvolumeclaims") &&
      At(object, {"spec", "resources", "requests", "storage"}).is_null()) {
    causes.push_back({"FieldValueRequired", "Required value", "spec.resources[storage]"});
  }
  if (info.kind == "CustomResourceDefinition") return ValidateDefinition(object);
  return causes;
}

namespace {

Cause Forbidden(const std::string& field, const std::string& why) {
  return {"FieldValueForbidden", "Forbidden: " + why, field};
}

// A pod's spec without what may change: images, deadline, tolerations, the node
// while none has been chosen, and what containers may use if that is asked for.
json FixedPodSpec(const json& pod, bool node_is_chosen, bool resize) {
  json spec = At(pod, {"spec"});
  if (!spec.is_object()) return spec;
  for (const char* list : {"containers", "initContainers"}) {
    if (!spec.contains(list)) continue;
    for (json& container : spec[list]) {
      container.erase("image");
      if (resize) container.erase("resources");
    }
  }
  for (const char* name :
       {"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates"}) {
    spec.erase(name);
  }
  if (!node_is_chosen) spec.erase("nodeName");
  return spec;
}

void CheckImmutableData(const json& before, const json& object, std::vector<Cause>& causes) {
  if (At(before, {"immutable"}) != true) return;
  for (const char* name : {"data", "binaryData", "immutable"}) {
    if (At(before, {name}) != At(object, {name})) {
      causes.push_back(Forbidden(name, "field is immutable when `immutable` is set"));
    }
  }
}

}  // namespace

std::vector<Cause> ValidateKindUpdate(const ResourceInfo& info, const json& before,
                                      const json& object, bool resize) {
  std::vector<Cause> causes;
  if (!info.builtin) return causes;
  if (IsCore(info, "pods")) {
    bool chosen = !TextAt(before, {"spec", "nodeName"}).empty();
    if (FixedPodSpec(before, chosen, resize) != FixedPodSpec(object, chosen, resize)) {
      causes.push_back(Forbidden(
          "spec",
          "pod updates may not change fields other than `spec.containers[*].image`,"
          "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
          "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be "
          "set to 1 if it was previously negative)"));
    }
  }
  if (IsCore(info, "persistentvolumeclaims")) {
    json was = At(before, {"spec"});
    json is = At(object, {"spec"});
    for (json* spec : {&was, &is}) {
      if (spec->is_object()) spec->erase("resources");
    }
    bool bound_now = TextAt(was, {"volumeName"}).empty();
    if (bound_now && is.is_object()) is.erase("volumeName");
    if (bound_now && was.is_object()) was.erase("volumeName");
    if (was != is) {
      causes.push_back(Forbidden("spec",
                                 "spec is immutable after creation except resources.requests and "
                                 "volumeAttributesClassName for bound claims"));
    }
  }
  if (IsCore(info, "services") && TextAt(object, {"spec", "type"}) != "ExternalName" &&
      At(before, {"spec", "clusterIP"}) != At(object, {"spec", "clusterIP"})) {
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: " + At(object, {"spec", "clusterIPs"}).dump() +
                          ": may not change once set",
                      "spec.clusterIPs[0]"});
  }
  if (IsCore(info, "secrets") || IsCore(info, "configmaps")) {
    CheckImmutableData(before, object, causes);
  }
  if (IsCore(info, "secrets") && At(before, {"type"}) != At(object, {"type"})) {
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: " + At(object, {"type"}).dump() + ": field is immutable",
                      "type"});
  }
  return causes;
}

namespace {

struct EventField {
  const char* old_name;
  const char* new_name;
};

const EventField kEventFields[] = {{"involvedObject", "regarding"},
                                   {"message", "note"},
                                   {"source", "deprecatedSource"},
                                   {"firstTimestamp", "deprecatedFirstTimestamp"},
                                   {"lastTimestamp", "deprecatedLastTimestamp"},
                                   {"count", "deprecatedCount"},
                                   {"reportingComponent", "reportingController"}};

void MoveField(json& event, const char* from, const char* to) {
  auto it = event.find(from);
  if (it == event.end()) return;
  json value = std::move(*it);
  event.erase(from);
  event[to] = std::move(value);
}

}  // namespace

json EventToNew(const json& old_event) {
  json event = old_event;
  for (const EventField& field : kEventFields) MoveField(event, field.old_name, field.new_name);
  event["apiVersion"] = "events.k8s.io/v1";
  return event;
}

json EventToOld(const json& new_event) {
  json event = new_event;
  for (const EventField& field : kEventFields) MoveField(event, field.new_name, field.old_name);
  event["apiVersion"] = "v1";
  return event;
}

std::vector<std::string> SelectableFields(const ResourceInfo& info) {
  if (info.storage_resource == "events") {
    return {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
            "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
            "involvedObject.fieldPath", "reason", "reportingComponent", "source.component", "type"};
  }
  if (IsCore(info, "pods")) {
    return {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
            "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"};
  }
  if (IsCore(info, "secrets")) return {"type"};
  if (IsCore(info, "namespaces")) return {"status.phase"};
  if (IsCore(info, "nodes")) return {"spec.unschedulable"};
  return {};
}

}  // namespace windlass::api_server
