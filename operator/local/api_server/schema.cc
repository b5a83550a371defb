// Pruning and defaulting by a structural schema.
#include "operator/local/api_server/schema.h"

#include <nlohmann/json.hpp>

namespace windlass::api_server {

using nlohmann::json;

const json& SchemaOfField(const json& schema, const std::string& name) {
  static const json kNone = json::object();
  if (auto props = schema.find("properties"); props != schema.end()) {
    if (auto it = props->find(name); it != props->end()) return *it;
  }
  auto more = schema.find("additionalProperties");
  return more != schema.end() && more->is_object() ? *more : kNone;
}

namespace {

bool Flag(const json& schema, const char* name) {
  auto it = schema.find(name);
  return it != schema.end() && it->is_boolean() && it->get<bool>();
}

std::string Join(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

bool KnowsField(const json& schema, const std::string& name) {
  auto props = schema.find("properties");
  if (props != schema.end() && props->contains(name)) return true;
  auto more = schema.find("additionalProperties");
  return more != schema.end() && more->is_object();
}

bool KnowsAnyField(const json& schema) {
  auto more = schema.find("additionalProperties");
  return Flag(schema, "x-kubernetes-preserve-unknown-fields") ||
         (more != schema.end() && (more->is_object() || *more == true));
}

void PruneAt(const json& schema, json& value, const std::string& path,
             std::vector<std::string>& removed) {
  if (value.is_array()) {
    auto items = schema.find("items");
    if (items == schema.end()) return;
    for (size_t i = 0; i < value.size(); ++i) {
      PruneAt(*items, value[i], path + "[" + std::to_string(i) + "]", removed);
    }
    return;
  }
  if (!value.is_object()) return;
  for (auto it = value.begin(); it != value.end();) {
    std::string field_path = Join(path, it.key());
    if (KnowsField(schema, it.key())) {
      PruneAt(SchemaOfField(schema, it.key()), *it, field_path, removed);
    } else if (!KnowsAnyField(schema)) {
      removed.push_back(field_path);
      it = value.erase(it);
      continue;
    }
    ++it;
  }
}

}  // namespace

std::vector<std::string> Prune(const json& schema, json& value) {
  std::vector<std::string> removed;
  PruneAt(schema, value, "", removed);
  return removed;
}

void ApplyDefaults(const json& schema, json& value) {
  if (value.is_array()) {
    auto items = schema.find("items");
    if (items == schema.end()) return;
    for (json& item : value) ApplyDefaults(*items, item);
    return;
  }
  if (!value.is_object()) return;
  if (auto props = schema.find("properties"); props != schema.end()) {
    for (auto it = props->begin(); it != props->end(); ++it) {
      auto fallback = it->find("default");
      if (fallback == it->end()) continue;
      auto present = value.find(it.key());
      if (present == value.end() || (present->is_null() && !Flag(*it, "nullable"))) {
        value[it.key()] = *fallback;
      }
    }
  }
  for (auto it = value.begin(); it != value.end(); ++it) {
    ApplyDefaults(SchemaOfField(schema, it.key()), *it);
  }
}

}  // namespace windlass::api_server
