// Compiles the type notation to OpenAPI schemas, and lists the built-in resources.
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "operator/local/api_server/builtin_types.h"
#include "operator/local/api_server/builtin_types_notation.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

using Types = std::map<std::string, std::vector<std::string>>;  // name → its field words

Types SplitTypes(std::string_view notation) {
  std::istringstream in{std::string(notation)};
  Types types;
  std::string word;
  while (in >> word) {
    std::string brace;
    if (!(in >> brace) || brace != "{") throw std::logic_error("type " + word + " lacks {");
    std::vector<std::string>& fields = types[word];
    std::string field;
    while (in >> field && field != "}") fields.push_back(field);
  }
  return types;
}

json Scalar(const std::string& name) {
  static const std::map<std::string, json> kScalars = {
      {"string", {{"type", "string"}}},
      {"bytes", {{"type", "string"}, {"format", "byte"}}},
      {"int", {{"type", "integer"}, {"format", "int32"}}},
      {"long", {{"type", "integer"}, {"format", "int64"}}},
      {"number", {{"type", "number"}}},
      {"bool", {{"type", "boolean"}}},
      {"time", {{"type", "string"}, {"format", "date-time"}}},
      {"any", {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}}},
      {"intorstring", {{"x-kubernetes-int-or-string", true}}},
      {"quantity", {{"x-kubernetes-int-or-string", true}}}};
  auto it = kScalars.find(name);
  return it == kScalars.end() ? json() : it->second;
}

json CompileType(const Types& types, const std::string& name);

// `text` is what stands after the colon: [T]@keys, <T>, T, each with =default or ?.
json CompileField(const Types& types, std::string text) {
  json default_value;
  if (size_t equals = text.find('='); equals != std::string::npos) {
    default_value = json::parse(text.substr(equals + 1));
    text.resize(equals);
  }
  bool nullable = text.back() == '?';
  if (nullable) text.pop_back();
  json schema;
  if (text[0] == '[') {
    size_t end = text.find(']');
    schema = {{"type", "array"}, {"items", CompileField(types, text.substr(1, end - 1))}};
    std::string keys = end + 1 < text.size() ? text.substr(end + 2) : "";
    if (keys == "set") {
      schema["x-kubernetes-list-type"] = "set";
      schema["x-kubernetes-patch-strategy"] = "merge";
    } else if (!keys.empty()) {
      schema["x-kubernetes-list-type"] = "map";
      std::istringstream in(keys);
      for (std::string key; std::getline(in, key, ',');) {
        schema["x-kubernetes-list-map-keys"].push_back(key);
      }
      schema["x-kubernetes-patch-strategy"] = "merge";
      schema["x-kubernetes-patch-merge-key"] = schema["x-kubernetes-list-map-keys"][0];
    } else {
      schema["x-kubernetes-list-type"] = "atomic";
    }
  } else if (text[0] == '<') {
    schema = {{"type", "object"},
              {"additionalProperties", CompileField(types, text.substr(1, text.size() - 2))}};
  } else {
    schema = Scalar(text);
    if (schema.is_null()) schema = CompileType(types, text);
  }
  if (!default_value.is_null()) schema["default"] = default_value;
  if (nullable) schema["nullable"] = true;
  return schema;
}

json CompileType(const Types& types, const std::string& name) {
  auto it = types.find(name);
  if (it == types.end()) throw std::logic_error("unknown built-in type " + name);
  json schema = {{"type", "object"}, {"properties", json::object()}};
  for (const std::string& field : it->second) {
    size_t colon = field.find(':');
    if (colon == std::string::npos) throw std::logic_error(name + ": no colon in " + field);
    std::string field_name = field.substr(0, colon);
    if (field_name.back() == '!') {
      field_name.pop_back();
      schema["required"].push_back(field_name);
    }
    schema["properties"][field_name] = CompileField(types, field.substr(colon + 1));
  }
  return schema;
}

struct Row {
  const char* group_version;
  const char* kind;
  const char* plural;
  const char* short_names;
  bool namespaced;
  bool has_status;
  const char* type;
  const char* storage;      // empty: plural and group
  const char* description;
};

const Row kRows[] = {
    {"v1", "Namespace", "namespaces", "ns", false, true, "Namespace", "",
     "Namespace provides a scope for names."},
    {"v1", "Pod", "pods", "po", true, true, "Pod", "",
     "Pod is a set of containers that run together on one node."},
    {"v1", "Service", "services", "svc", true, true, "Service", "",
     "Service is a name and a stable address for a set of pods."},
    {"v1", "ConfigMap", "configmaps", "cm", true, false, "ConfigMap", "",
     "ConfigMap holds configuration data for pods to consume."},
    {"v1", "Secret", "secrets", "", true, false, "Secret", "",
     "Secret holds secret data of a certain type."},
    {"v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", true, true,
     "PersistentVolumeClaim", "", "PersistentVolumeClaim is a request for a volume and a claim to it."},
    {"v1", "Event", "events", "ev", true, false, "Event", "events",
     "Event is a report of something that happened to an object."},
    {"v1", "Node", "nodes", "no", false, true, "Node", "", "Node is a machine that runs pods."},
    {"v1", "ServiceAccount", "serviceaccounts", "sa", true, false, "ServiceAccount", "",
     "ServiceAccount is an identity for processes in pods."},
    {"policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", true, true,
     "PodDisruptionBudget", "",
     "PodDisruptionBudget bounds how many pods of a set may be disrupted at once."},
    {"networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "netpol", true, false, "NetworkPolicy", "",
     "NetworkPolicy says who may connect to a set of pods."},
    {"coordination.k8s.io/v1", "Lease", "leases", "", true, false, "Lease", "",
     "Lease is held by one of several candidates at a time."},
    {"events.k8s.io/v1", "Event", "events", "ev", true, false, "NewEvent", "events",
     "Event is a report of something that happened to an object."},
    {"apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", "crd,crds",
     false, true, "CustomResourceDefinition", "",
     "CustomResourceDefinition adds a resource to the API server."},
};

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

ResourcePtr MakeResource(const Types& types, const Row& row) {
  auto info = std::make_shared<ResourceInfo>();
  std::string group_version = row.group_version;
  if (size_t slash = group_version.find('/'); slash != std::string::npos) {
    info->group = group_version.substr(0, slash);
    info->version = group_version.substr(slash + 1);
  } else {
    info->version = group_version;
  }
  info->kind = row.kind;
  info->list_kind = info->kind + "List";
  info->plural = row.plural;
  info->singular = Lower(row.kind);
  std::istringstream names(row.short_names);
  for (std::string name; std::getline(names, name, ',');) info->short_names.push_back(name);
  if (info->plural == "pods" || info->plural == "services") info->categories = {"all"};
  info->namespaced = row.namespaced;
  info->has_status = row.has_status;
  if (info->plural == "pods") info->extra_subresources = {"binding", "eviction", "log", "resize"};
  if (info->plural == "namespaces") info->extra_subresources = {"finalize"};
  info->description = row.description;
  info->storage_resource =
      *row.storage != '\0' ? row.storage
                           : info->plural + (info->group.empty() ? "" : "." + info->group);
  info->storage_api_version = *row.storage != '\0' ? "v1" : group_version;
  json schema = CompileType(types, row.type);
  schema["description"] = row.description;
  info->schema = std::make_shared<const json>(std::move(schema));
  return info;
}

}  // namespace

json CompileTypes(std::string_view notation, const std::string& type_name) {
  return CompileType(SplitTypes(notation), type_name);
}

json BuiltinSchema(const std::string& type_name) {
  return CompileTypes(kBuiltinNotation, type_name);
}

std::vector<ResourcePtr> BuiltinResources() {
  const Types types = SplitTypes(kBuiltinNotation);
  std::vector<ResourcePtr> resources;
  for (const Row& row : kRows) resources.push_back(MakeResource(types, row));
  return resources;
}

}  // namespace windlass::api_server
