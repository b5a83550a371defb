// OpenAPI v3 documents from the registry's schemas.
#include "operator/local/api_server/openapi.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

namespace windlass::api_server {

using nlohmann::json;

namespace {

std::string PathOf(const std::string& group, const std::string& version) {
  return group.empty() ? "api/" + version : "apis/" + group + "/" + version;
}

std::string SchemaName(const ResourceInfo& info) {
  std::string reversed;
  std::string group = info.group.empty() ? "core" : info.group;
  for (size_t end = group.size(); end != std::string::npos;) {
    size_t dot = end == 0 ? std::string::npos : group.rfind('.', end - 1);
    reversed += group.substr(dot == std::string::npos ? 0 : dot + 1,
                             end - (dot == std::string::npos ? 0 : dot + 1)) + ".";
    end = dot;
  }
  return reversed + info.version + "." + info.kind;
}

json Parameter(const char* name, const char* where, const char* type) {
  return {{"name", name}, {"in", where}, {"schema", {{"type", type}, {"uniqueItems", true}}}};
}

json Operation(const ResourceInfo& info, const std::string& action, const std::string& ref) {
  json content = {{"application/json", {{"schema", {{"$ref", ref}}}}}};
  json operation = {
      {"x-kubernetes-action", action},
      {"x-kubernetes-group-version-kind",
       {{"group", info.group}, {"version", info.version}, {"kind", info.kind}}},
      {"responses", {{"200", {{"description", "OK"}, {"content", content}}}}}};
  if (action == "post" || action == "put" || action == "patch") {
    operation["parameters"] = {Parameter("dryRun", "query", "string"),
                               Parameter("fieldManager", "query", "string"),
                               Parameter("fieldValidation", "query", "string")};
    operation["requestBody"] = {{"content", {{"*/*", {{"schema", {{"$ref", ref}}}}}}}};
  }
  if (action == "patch") {
    json any = {{"schema", {{"type", "object"}}}};
    operation["requestBody"]["content"] = {{"application/json-patch+json", any},
                                           {"application/merge-patch+json", any},
                                           {"application/apply-patch+yaml", any}};
    if (info.builtin) operation["requestBody"]["content"]["application/strategic-merge-patch+json"] = any;
    operation["parameters"].push_back(Parameter("force", "query", "boolean"));
  }
  if (action == "delete") operation["parameters"] = json::array({Parameter("dryRun", "query", "string")});
  return operation;
}

void AddPaths(const ResourceInfo& info, const std::string& base, const std::string& ref, json& paths) {
  std::string collection = base + (info.namespaced ? "/namespaces/{namespace}/" : "/") + info.plural;
  paths[collection] = {{"get", Operation(info, "list", ref)}, {"post", Operation(info, "post", ref)}};
  json one = {{"get", Operation(info, "get", ref)},
              {"put", Operation(info, "put", ref)},
              {"patch", Operation(info, "patch", ref)},
              {"delete", Operation(info, "delete", ref)}};
  if (info.namespaced) {
    json parameter = Parameter("namespace", "path", "string");
    parameter["required"] = true;
    paths[collection]["parameters"] = json::array({parameter});
    one["parameters"] = json::array({parameter});
    paths[base + "/" + info.plural] = {{"get", Operation(info, "list", ref)}};
  }
  if (info.has_status) {
    paths[collection + "/{name}/status"] = {{"get", Operation(info, "get", ref)},
                                            {"put", Operation(info, "put", ref)},
                                            {"patch", Operation(info, "patch", ref)}};
  }
  paths[collection + "/{name}"] = std::move(one);
}

}  // namespace

json OpenApiDocument(const Registry& registry, const std::string& group, const std::string& version) {
  if (!registry.HasGroupVersion(group, version)) return json();
  json paths = json::object();
  json schemas = json::object();
  for (const ResourcePtr& r : registry.resources()) {
    if (r->group != group || r->version != version) continue;
    std::string name = SchemaName(*r);
    json gvk = json::array({{{"group", r->group}, {"version", r->version}, {"kind", r->kind}}});
    json schema = *r->schema;
    schema["x-kubernetes-group-version-kind"] = gvk;
    schemas[name] = std::move(schema);
    schemas[name + "List"] = {
        {"type", "object"},
        {"required", json::array({"items"})},
        {"properties",
         {{"apiVersion", {{"type", "string"}}},
          {"kind", {{"type", "string"}}},
          {"metadata", {{"type", "object"}}},
          {"items", {{"type", "array"}, {"items", {{"$ref", "#/components/schemas/" + name}}}}}}},
        {"x-kubernetes-group-version-kind",
         json::array({{{"group", r->group}, {"version", r->version}, {"kind", r->list_kind}}})}};
    AddPaths(*r, "/" + PathOf(group, version), "#/components/schemas/" + name, paths);
  }
  return {{"openapi", "3.0.0"},
          {"info", {{"title", "Windlass local control plane"}, {"version", "v1.32.0"}}},
          {"paths", paths},
          {"components", {{"schemas", schemas}}}};
}

json OpenApiIndex(const Registry& registry) {
  json paths = json::object();
  std::set<std::pair<std::string, std::string>> seen;
  for (const ResourcePtr& r : registry.resources()) {
    if (!seen.insert({r->group, r->version}).second) continue;
    std::string path = PathOf(r->group, r->version);
    size_t hash = std::hash<std::string>()(OpenApiDocument(registry, r->group, r->version).dump());
    paths[path] = {{"serverRelativeURL", "/openapi/v3/" + path + "?hash=" + std::to_string(hash)}};
  }
  return {{"paths", paths}};
}

json OpenApiV2() {
  return {{"swagger", "2.0"},
          {"info", {{"title", "Windlass local control plane"}, {"version", "v1.32.0"}}},
          {"paths", json::object()},
          {"definitions", json::object()}};
}

// The same document in gnostic's protobuf: Document{swagger=1, info=2{title=1,
// version=2}, paths=8{}}.
std::string OpenApiV2Protobuf() {
  auto field = [](int number, const std::string& bytes) {
    return std::string(1, static_cast<char>(number << 3 | 2)) +
           std::string(1, static_cast<char>(bytes.size())) + bytes;
  };
  std::string info = field(1, "Windlass local control plane") + field(2, "v1.32.0");
  return field(1, "2.0") + field(2, info) + field(8, "");
}

}  // namespace windlass::api_server
