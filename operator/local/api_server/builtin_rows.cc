// Cells of pods, services, claims and the rest.
#include "operator/local/api_server/builtin_rows.h"

#include <ctime>
#include <nlohmann/json.hpp>

#include "operator/local/api_server/object_meta.h"
#include "operator/local/api_server/table_printer.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

using Cells = std::vector<json>;

std::string Since(const json& time) {
  auto parsed = time.is_string() ? ParseTime(time) : std::nullopt;
  return parsed ? HumanDuration(std::time(nullptr) - *parsed) : "<unknown>";
}

std::string Age(const json& object) { return Since(At(object, {"metadata", "creationTimestamp"})); }

std::string Shown(const json& value, const char* otherwise) {
  if (value.is_string()) return value.get<std::string>().empty() ? otherwise : value.get<std::string>();
  return value.is_null() ? otherwise : value.dump();
}

std::string JoinKeys(const json& map, const char* separator, bool with_values) {
  if (!map.is_object() || map.empty()) return "<none>";
  std::string text;
  for (auto it = map.begin(); it != map.end(); ++it) {
    text += (text.empty() ? "" : separator) + it.key();
    if (with_values) text += "=" + Shown(*it, "");
  }
  return text;
}

// What `kubectl get pods` shows as STATUS: the most telling container reason.
std::string PodStatus(const json& pod) {
  std::string reason = Shown(At(pod, {"status", "reason"}), "");
  if (reason.empty()) reason = Shown(At(pod, {"status", "phase"}), "Unknown");
  bool initializing = false;
  const json& inits = At(pod, {"status", "initContainerStatuses"});
  for (size_t i = 0; i < inits.size(); ++i) {
    const json& state = At(inits[i], {"state"});
    if (At(state, {"terminated", "exitCode"}) == 0) continue;
    initializing = true;
    std::string why = Shown(At(state, {"terminated", "reason"}), "");
    if (why.empty()) why = Shown(At(state, {"waiting", "reason"}), "");
    reason = why.empty() || why == "PodInitializing"
                 ? "Init:" + std::to_string(i) + "/" + std::to_string(inits.size())
                 : "Init:" + why;
    break;
  }
  if (!initializing) {
    for (const json& container : At(pod, {"status", "containerStatuses"})) {
      std::string waiting = Shown(At(container, {"state", "waiting", "reason"}), "");
      const json& ended = At(container, {"state", "terminated"});
      if (!waiting.empty()) {
        reason = waiting;
      } else if (ended.is_object()) {
        reason = Shown(At(ended, {"reason"}), "");
        if (reason.empty()) reason = "ExitCode:" + Shown(At(ended, {"exitCode"}), "0");
      }
    }
  }
  return IsDeleting(pod) ? "Terminating" : reason;
}

Cells PodCells(const json& pod) {
  int64_t ready = 0;
  int64_t restarts = 0;
  json last_restart;
  for (const json& one : At(pod, {"status", "containerStatuses"})) {
    ready += At(one, {"ready"}) == true ? 1 : 0;
    restarts += IntegerAt(one, {"restartCount"});
    const json& finished = At(one, {"lastState", "terminated", "finishedAt"});
    if (finished.is_string() && (last_restart.is_null() || finished > last_restart)) last_restart = finished;
  }
  std::string restart_text = std::to_string(restarts);
  if (restarts > 0 && !last_restart.is_null()) restart_text += " (" + Since(last_restart) + " ago)";
  return {std::to_string(ready) + "/" + std::to_string(At(pod, {"spec", "containers"}).size()),
          PodStatus(pod),
          restart_text,
          Age(pod),
          Shown(At(pod, {"status", "podIP"}), "<none>"),
          Shown(At(pod, {"spec", "nodeName"}), "<none>"),
          Shown(At(pod, {"status", "nominatedNodeName"}), "<none>"),
          "<none>"};
}

Cells ServiceCells(const json& service) {
  std::string ports;
  for (const json& port : At(service, {"spec", "ports"})) {
    ports += ports.empty() ? "" : ",";
    ports += Shown(At(port, {"port"}), "0");
    if (IntegerAt(port, {"nodePort"}) > 0) ports += ":" + Shown(At(port, {"nodePort"}), "");
    ports += "/" + Shown(At(port, {"protocol"}), "TCP");
  }
  std::string external = "<none>";
  if (TextAt(service, {"spec", "type"}) == "LoadBalancer") external = "<pending>";
  if (TextAt(service, {"spec", "type"}) == "ExternalName") external = TextAt(service, {"spec", "externalName"});
  return {Shown(At(service, {"spec", "type"}), "ClusterIP"),
          Shown(At(service, {"spec", "clusterIP"}), "<none>"),
          external,
          ports.empty() ? "<none>" : ports,
          Age(service),
          JoinKeys(At(service, {"spec", "selector"}), ",", true)};
}

Cells ClaimCells(const json& claim) {
  std::string modes;
  for (const json& mode : At(claim, {"status", "accessModes"})) {
    std::string text = mode;
    std::string shown = text == "ReadWriteOnce"    ? "RWO"
                        : text == "ReadOnlyMany"   ? "ROX"
                        : text == "ReadWriteMany"  ? "RWX"
                        : text == "ReadWriteOncePod" ? "RWOP"
                                                   : text;
    modes += (modes.empty() ? "" : ",") + shown;
  }
  return {IsDeleting(claim) ? "Terminating" : Shown(At(claim, {"status", "phase"}), "Pending"),
          Shown(At(claim, {"spec", "volumeName"}), ""),
          Shown(At(claim, {"status", "capacity", "storage"}), ""),
          modes,
          Shown(At(claim, {"spec", "storageClassName"}), ""),
          Shown(At(claim, {"spec", "volumeAttributesClassName"}), "<unset>"),
          Age(claim),
          Shown(At(claim, {"spec", "volumeMode"}), "Filesystem")};
}

Cells EventCells(const json& event, bool new_form) {
  auto field = [&](const char* old_name, const char* new_name) -> const json& {
    return At(event, {new_form ? new_name : old_name});
  };
  const json& about = field("involvedObject", "regarding");
  std::string kind = TextAt(about, {"kind"});
  for (char& c : kind) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  json last = At(event, {"series", "lastObservedTime"});
  if (last.is_null()) last = field("lastTimestamp", "deprecatedLastTimestamp");
  if (last.is_null()) last = At(event, {"eventTime"});
  json first = field("firstTimestamp", "deprecatedFirstTimestamp");
  if (first.is_null()) first = At(event, {"eventTime"});
  json count = At(event, {"series", "count"});
  if (count.is_null()) count = field("count", "deprecatedCount");
  std::string source = TextAt(field("source", "deprecatedSource"), {"component"});
  if (source.empty()) source = Shown(field("reportingComponent", "reportingController"), "");
  return {Since(last),
          Shown(At(event, {"type"}), ""),
          Shown(At(event, {"reason"}), ""),
          kind + "/" + TextAt(about, {"name"}),
          TextAt(about, {"fieldPath"}),
          source,
          Shown(field("message", "note"), ""),
          Since(first),
          count.is_number() ? count : json(1),
          MetaText(event, "name")};
}

Cells NodeCells(const json& node) {
  std::string status = "Unknown";
  for (const json& one : At(node, {"status", "conditions"})) {
    if (TextAt(one, {"type"}) == "Ready") status = At(one, {"status"}) == "True" ? "Ready" : "NotReady";
  }
  if (At(node, {"spec", "unschedulable"}) == true) status += ",SchedulingDisabled";
  std::string roles;
  const json& labels = At(node, {"metadata", "labels"});
  const std::string prefix = "node-role.kubernetes.io/";
  if (labels.is_object()) {
    for (auto it = labels.begin(); it != labels.end(); ++it) {
      if (it.key().rfind(prefix, 0) == 0) roles += (roles.empty() ? "" : ",") + it.key().substr(prefix.size());
    }
  }
  std::string internal = "<none>";
  for (const json& address : At(node, {"status", "addresses"})) {
    if (TextAt(address, {"type"}) == "InternalIP") internal = TextAt(address, {"address"});
  }
  const json& info = At(node, {"status", "nodeInfo"});
  return {status,
          roles.empty() ? "<none>" : roles,
          Age(node),
          Shown(At(info, {"kubeletVersion"}), ""),
          internal,
          "<none>",
          Shown(At(info, {"osImage"}), "<unknown>"),
          Shown(At(info, {"kernelVersion"}), "<unknown>"),
          Shown(At(info, {"containerRuntimeVersion"}), "<unknown>")};
}

Cells DataCells(const json& object) {
  size_t count = At(object, {"data"}).size() + At(object, {"binaryData"}).size();
  return {static_cast<int64_t>(count), Age(object)};
}


PrinterColumn Column(const char* name, const char* type = "string", int priority = 0) {
  return {name, type, "", name, "", priority};
}

}  // namespace

std::vector<PrinterColumn> BuiltinColumns(const ResourceInfo& info) {
  const std::string& kind = info.kind;
  if (kind == "Pod") {
    return {Column("Ready"), Column("Status"), Column("Restarts"), Column("Age"), Column("IP", "string", 1),
            Column("Node", "string", 1), Column("Nominated Node", "string", 1), Column("Readiness Gates", "string", 1)};
  }
  if (kind == "Service") {
    return {Column("Type"), Column("Cluster-IP"), Column("External-IP"), Column("Port(s)"), Column("Age"),
            Column("Selector", "string", 1)};
  }
  if (kind == "PersistentVolumeClaim") {
    return {Column("Status"), Column("Volume"), Column("Capacity"), Column("Access Modes"), Column("StorageClass"),
            Column("VolumeAttributesClass"), Column("Age"), Column("VolumeMode", "string", 1)};
  }
  if (kind == "Event") {
    return {Column("Last Seen"), Column("Type"), Column("Reason"), Column("Object"), Column("Subobject", "string", 1),
            Column("Source", "string", 1), Column("Message"), Column("First Seen", "string", 1),
            Column("Count", "integer", 1), Column("Name", "string", 1)};
  }
  if (kind == "Node") {
    return {Column("Status"), Column("Roles"), Column("Age"), Column("Version"), Column("Internal-IP", "string", 1),
            Column("External-IP", "string", 1), Column("OS-Image", "string", 1), Column("Kernel-Version", "string", 1),
            Column("Container-Runtime", "string", 1)};
  }
  if (kind == "ConfigMap") return {Column("Data", "integer"), Column("Age")};
  if (kind == "Secret") return {Column("Type"), Column("Data", "integer"), Column("Age")};
  if (kind == "ServiceAccount") return {Column("Secrets", "integer"), Column("Age")};
  if (kind == "Namespace") return {Column("Status"), Column("Age")};
  if (kind == "Lease") return {Column("Holder"), Column("Age")};
  if (kind == "PodDisruptionBudget") {
    return {Column("Min Available"), Column("Max Unavailable"), Column("Allowed Disruptions", "integer"), Column("Age")};
  }
  if (kind == "CustomResourceDefinition") return {Column("Created At", "date")};
  return {Column("Age")};
}

std::vector<json> BuiltinCells(const ResourceInfo& info, const json& object) {
  const std::string& kind = info.kind;
  if (kind == "Pod") return PodCells(object);
  if (kind == "Service") return ServiceCells(object);
  if (kind == "PersistentVolumeClaim") return ClaimCells(object);
  if (kind == "Event") return EventCells(object, info.group == "events.k8s.io");
  if (kind == "Node") return NodeCells(object);
  if (kind == "ConfigMap") return DataCells(object);
  if (kind == "Secret") {
    return {Shown(At(object, {"type"}), ""), static_cast<int64_t>(At(object, {"data"}).size()), Age(object)};
  }
  if (kind == "ServiceAccount") return {static_cast<int64_t>(At(object, {"secrets"}).size()), Age(object)};
  if (kind == "Namespace") return {Shown(At(object, {"status", "phase"}), ""), Age(object)};
  if (kind == "Lease") return {Shown(At(object, {"spec", "holderIdentity"}), ""), Age(object)};
  if (kind == "PodDisruptionBudget") {
    return {Shown(At(object, {"spec", "minAvailable"}), "N/A"), Shown(At(object, {"spec", "maxUnavailable"}), "N/A"),
            IntegerAt(object, {"status", "disruptionsAllowed"}), Age(object)};
  }
  if (kind == "CustomResourceDefinition") return {MetaText(object, "creationTimestamp")};
  return {Age(object)};
}

}  // namespace windlass::api_server
