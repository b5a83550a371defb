// The registry, and what becomes of a CustomResourceDefinition.
#include "operator/local/api_server/registry.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "operator/local/api_server/builtin_types.h"
#include "operator/local/api_server/schema.h"

namespace windlass::api_server {

using nlohmann::json;

Registry::Registry(const std::vector<std::shared_ptr<const json>>& definitions)
    : resources_(BuiltinResources()) {
  for (const auto& definition : definitions) {
    for (ResourcePtr& resource : ResourcesOf(*definition)) resources_.push_back(resource);
  }
}

ResourcePtr Registry::Find(const std::string& group, const std::string& version,
                           const std::string& plural) const {
  for (const ResourcePtr& r : resources_) {
    if (r->plural == plural && r->group == group && r->version == version) return r;
  }
  return nullptr;
}

ResourcePtr Registry::FindKind(const std::string& group, const std::string& kind) const {
  for (const ResourcePtr& r : resources_) {
    if (r->kind == kind && r->group == group) return r;
  }
  return nullptr;
}

ResourcePtr Registry::FindStored(const std::string& storage_resource) const {
  for (const ResourcePtr& r : resources_) {
    if (r->storage_resource == storage_resource && r->ApiVersion() == r->storage_api_version) {
      return r;
    }
  }
  return nullptr;
}

bool Registry::HasGroupVersion(const std::string& group, const std::string& version) const {
  return std::any_of(resources_.begin(), resources_.end(), [&](const ResourcePtr& r) {
    return r->group == group && r->version == version;
  });
}

std::vector<Cause> ValidateDefinition(const json& definition) {
  std::vector<Cause> causes;
  const json& spec = definition["spec"];
  std::string expected = spec["names"].value("plural", "") + "." + spec.value("group", "");
  if (definition["metadata"].value("name", "") != expected) {
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: " + definition["metadata"]["name"].dump() +
                          ": must be spec.names.plural+\".\"+spec.group",
                      "metadata.name"});
  }
  std::string scope = spec.value("scope", "");
  if (scope != "Namespaced" && scope != "Cluster") {
    causes.push_back({"FieldValueNotSupported",
                      "Unsupported value: \"" + scope +
                          "\": supported values: \"Cluster\", \"Namespaced\"",
                      "spec.scope"});
  }
  try {
    ResourcesOf(definition);
  } catch (const json::exception& error) {  // stored, it would break every start
    causes.push_back({"FieldValueInvalid", std::string("Invalid value: ") + error.what(), "spec"});
    return causes;
  }
  int stored = 0;
  for (size_t i = 0; i < spec["versions"].size(); ++i) {
    const json& version = spec["versions"][i];
    std::string path = "spec.versions[" + std::to_string(i) + "]";
    stored += version.value("storage", false) ? 1 : 0;
    if (!version.contains("schema") || !version["schema"].contains("openAPIV3Schema")) {
      causes.push_back({"FieldValueRequired", "Required value: schemas are required",
                        path + ".schema.openAPIV3Schema"});
      continue;
    }
    for (Cause& cause : ValidateSchema(version["schema"]["openAPIV3Schema"],
                                       path + ".schema.openAPIV3Schema")) {
      causes.push_back(cause);
    }
  }
  if (stored != 1) {
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: must have exactly one version marked as storage version",
                      "spec.versions"});
  }
  return causes;
}

namespace {

void SetCondition(json& conditions, const std::string& type, const std::string& reason,
                  const std::string& message, const std::string& now) {
  for (const json& one : conditions) {
    if (one.value("type", "") == type) return;  // once true, it stays
  }
  conditions.push_back({{"type", type},
                        {"status", "True"},
                        {"reason", reason},
                        {"message", message},
                        {"lastTransitionTime", now}});
}

std::string Text(const json& object, const char* name) {
  auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

std::vector<std::string> Texts(const json& object, const char* name) {
  std::vector<std::string> texts;
  auto it = object.find(name);
  if (it != object.end() && it->is_array()) {
    for (const json& one : *it) texts.push_back(one);
  }
  return texts;
}

// The schema of whole objects: the definition's, with Kubernetes's own metadata
// in it, narrowed by what the definition says of metadata.name.
json WholeSchema(const json& declared) {
  json schema = declared;
  json metadata = BuiltinSchema("ObjectMeta");
  if (schema.contains("properties") && schema["properties"].contains("metadata")) {
    const json& narrowed = schema["properties"]["metadata"];
    for (const char* field : {"name", "generateName"}) {
      if (narrowed.contains("properties") && narrowed["properties"].contains(field)) {
        metadata["properties"][field].update(narrowed["properties"][field]);
      }
    }
  }
  schema["properties"]["apiVersion"] = {{"type", "string"}};
  schema["properties"]["kind"] = {{"type", "string"}};
  schema["properties"]["metadata"] = std::move(metadata);
  return schema;
}

std::vector<PrinterColumn> Columns(const json& version) {
  std::vector<PrinterColumn> columns;
  for (const json& one : version.value("additionalPrinterColumns", json::array())) {
    columns.push_back({Text(one, "name"), Text(one, "type"), Text(one, "format"),
                       Text(one, "description"), Text(one, "jsonPath"), one.value("priority", 0)});
  }
  if (columns.empty()) {
    columns.push_back({"Age", "date", "",
                       "CreationTimestamp is a timestamp representing the server time when this "
                       "object was created.",
                       ".metadata.creationTimestamp", 0});
  }
  return columns;
}

void ReadSubresources(const json& version, ResourceInfo& info) {
  auto sub = version.find("subresources");
  if (sub == version.end() || !sub->is_object()) return;
  info.has_status = sub->contains("status");
  if (auto scale = sub->find("scale"); scale != sub->end()) {
    info.scale = ScalePaths{Text(*scale, "specReplicasPath"), Text(*scale, "statusReplicasPath"),
                            Text(*scale, "labelSelectorPath")};
  }
}

}  // namespace

void CompleteDefinition(json& definition, const std::string& now) {
  json& names = definition["spec"]["names"];
  std::string kind = Text(names, "kind");
  if (Text(names, "singular").empty()) {
    std::string lower = kind;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    names["singular"] = lower;
  }
  if (Text(names, "listKind").empty()) names["listKind"] = kind + "List";
  json& status = definition["status"];
  if (!status.is_object()) status = json::object();
  status["acceptedNames"] = names;
  json& conditions = status["conditions"];
  SetCondition(conditions, "NamesAccepted", "NoConflicts", "no conflicts found", now);
  SetCondition(conditions, "Established", "InitialNamesAccepted",
               "the initial names have been accepted", now);
  json& stored = status["storedVersions"];
  if (!stored.is_array()) stored = json::array();
  for (const json& version : definition["spec"]["versions"]) {
    if (!version.value("storage", false)) continue;
    if (std::find(stored.begin(), stored.end(), version["name"]) == stored.end()) {
      stored.push_back(version["name"]);
    }
  }
}

std::vector<ResourcePtr> ResourcesOf(const json& definition) {
  const json& spec = definition["spec"];
  const json& names = spec["names"];
  std::vector<ResourcePtr> resources;
  std::string storage_version;
  for (const json& version : spec["versions"]) {
    if (version.value("storage", false)) storage_version = Text(version, "name");
  }
  for (const json& version : spec["versions"]) {
    if (!version.value("served", false)) continue;
    auto info = std::make_shared<ResourceInfo>();
    info->group = Text(spec, "group");
    info->version = Text(version, "name");
    info->kind = Text(names, "kind");
    info->list_kind = Text(names, "listKind");
    info->plural = Text(names, "plural");
    info->singular = Text(names, "singular");
    info->short_names = Texts(names, "shortNames");
    info->categories = Texts(names, "categories");
    info->namespaced = Text(spec, "scope") == "Namespaced";
    info->builtin = false;
    ReadSubresources(version, *info);
    const json& declared = version["schema"]["openAPIV3Schema"];
    info->description = Text(declared, "description");
    info->schema = std::make_shared<const json>(WholeSchema(declared));
    info->columns = Columns(version);
    info->storage_resource = info->plural + "." + info->group;
    info->storage_api_version = info->group + "/" + storage_version;
    info->resource_class_uid = Text(definition["metadata"], "uid");
    resources.push_back(std::move(info));
  }
  return resources;
}

}  // namespace windlass::api_server
