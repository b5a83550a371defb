// Sets of field paths: their JSON form and their algebra.
#include <nlohmann/json.hpp>

#include "operator/local/api_server/managed_fields.h"

namespace windlass::api_server {

using nlohmann::json;

FieldSet FieldsFromJson(const json& fields) {
  FieldSet set;
  if (!fields.is_object()) return set;
  if (fields.empty()) {
    set.member = true;  // a leaf is written as {}
    return set;
  }
  for (auto it = fields.begin(); it != fields.end(); ++it) {
    if (it.key() == ".") {
      set.member = true;
    } else {
      set.children[it.key()] = FieldsFromJson(*it);
    }
  }
  return set;
}

json FieldsToJson(const FieldSet& set) {
  json fields = json::object();
  if (set.member && !set.children.empty()) fields["."] = json::object();
  for (const auto& [name, child] : set.children) fields[name] = FieldsToJson(child);
  return fields;
}

FieldSet Union(const FieldSet& a, const FieldSet& b) {
  FieldSet result = a;
  result.member = a.member || b.member;
  for (const auto& [name, child] : b.children) {
    auto it = result.children.find(name);
    if (it == result.children.end()) {
      result.children.emplace(name, child);
    } else {
      it->second = Union(it->second, child);
    }
  }
  return result;
}

FieldSet Difference(const FieldSet& a, const FieldSet& b) {
  FieldSet result;
  result.member = a.member && !b.member;
  for (const auto& [name, child] : a.children) {
    auto it = b.children.find(name);
    FieldSet left = it == b.children.end() ? child : Difference(child, it->second);
    if (!left.Empty()) result.children.emplace(name, std::move(left));
  }
  return result;
}

FieldSet Intersection(const FieldSet& a, const FieldSet& b) {
  FieldSet result;
  result.member = a.member && b.member;
  for (const auto& [name, child] : a.children) {
    auto it = b.children.find(name);
    if (it == b.children.end()) continue;
    FieldSet both = Intersection(child, it->second);
    if (!both.Empty()) result.children.emplace(name, std::move(both));
  }
  return result;
}

}  // namespace windlass::api_server
