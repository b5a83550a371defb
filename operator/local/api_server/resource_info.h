// What the server knows of one resource in one version: names, scope, schema,
// subresources, columns. Built once and never changed.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace windlass::api_server {

struct PrinterColumn {
  std::string name;
  std::string type;  // string, integer, number, boolean, date
  std::string format;
  std::string description;
  std::string json_path;
  int priority = 0;
};

// Where /scale reads and writes: JSON paths like ".spec.shards".
struct ScalePaths {
  std::string spec_replicas;
  std::string status_replicas;
  std::string label_selector;  // may be empty
};

struct ResourceInfo {
  std::string group;  // empty: core
  std::string version;
  std::string kind;
  std::string list_kind;
  std::string plural;
  std::string singular;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  bool namespaced = true;
  bool builtin = true;
  bool has_status = false;
  std::vector<std::string> extra_subresources;  // of pods: log, eviction
  std::optional<ScalePaths> scale;
  std::string description;
  // OpenAPI v3 schema of the whole object, metadata included.
  std::shared_ptr<const nlohmann::json> schema;
  std::vector<PrinterColumn> columns;  // of a custom resource; built-ins print by code
  // The objects' place in the store, and the apiVersion they are kept under:
  // all versions of a resource share them.
  std::string storage_resource;
  std::string storage_api_version;
  std::string resource_class_uid;  // changes when a definition is deleted and made again

  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
};

using ResourcePtr = std::shared_ptr<const ResourceInfo>;

}  // namespace windlass::api_server
