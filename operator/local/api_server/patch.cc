// Merge, JSON and strategic-merge patches.
#include "operator/local/api_server/patch.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "operator/local/api_server/api_error.h"
#include "operator/local/api_server/schema.h"

namespace windlass::api_server {

using nlohmann::json;

json MergePatch(const json& object, const json& patch) {
  json result = object;
  result.merge_patch(patch);
  return result;
}

json JsonPatch(const json& object, const json& patch) {
  try {
    return object.patch(patch);
  } catch (const json::exception& error) {
    // nlohmann's text begins with its own error id, which says nothing to a user.
    std::string text = error.what();
    if (size_t end = text.find("] "); end != std::string::npos) text = text.substr(end + 2);
    throw ApiError(422, "Invalid", "the server rejected our request due to an error in our request: " + text);
  }
}

namespace {

constexpr char kDirective[] = "$patch";
const std::string kDeleteFrom = "$deleteFromPrimitiveList/";
const std::string kElementOrder = "$setElementOrder/";
constexpr char kRetainKeys[] = "$retainKeys";

std::string MergeKey(const json& schema) {
  return schema.value("x-kubernetes-patch-merge-key", "");
}

bool IsMergedSet(const json& schema) {
  return schema.value("x-kubernetes-list-type", "") == "set";
}

bool StartsWith(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

json MergeObject(const json& schema, const json& object, const json& patch);

// Items of the patch join the item with the same key, or are appended.
json MergeKeyedList(const json& schema, const json& list, const json& patch) {
  const std::string key = MergeKey(schema);
  const json& item_schema = schema["items"];
  json result = list;
  for (const json& item : patch) {
    if (item.is_object() && item.value(kDirective, "") == "replace") {
      json replaced = json::array();
      for (const json& one : patch) {
        if (!one.contains(kDirective)) replaced.push_back(one);
      }
      return replaced;
    }
  }
  for (const json& item : patch) {
    if (!item.is_object() || !item.contains(key)) {
      throw BadRequest("map: " + item.dump() + " does not contain declared merge key: " + key);
    }
    auto same = std::find_if(result.begin(), result.end(), [&](const json& one) {
      return one.is_object() && one.contains(key) && one[key] == item[key];
    });
    bool remove = item.value(kDirective, "") == "delete";
    if (same != result.end()) {
      if (remove) {
        result.erase(same);
      } else {
        *same = MergeObject(item_schema, *same, item);
      }
    } else if (!remove) {
      result.push_back(MergeObject(item_schema, json::object(), item));
    }
  }
  return result;
}

void Reorder(json& list, const json& order, const std::string& key) {
  auto rank = [&](const json& item) {
    for (size_t i = 0; i < order.size(); ++i) {
      if (key.empty() ? order[i] == item
                      : item.is_object() && item.contains(key) && order[i].value(key, json()) == item[key]) {
        return i;
      }
    }
    return order.size();
  };
  std::vector<json> items(list.begin(), list.end());
  std::stable_sort(items.begin(), items.end(),
                   [&](const json& a, const json& b) { return rank(a) < rank(b); });
  list = items;
}

// What the field becomes when the patch gives `value` for it.
json MergeField(const json& schema, const json* current, const json& value) {
  if (value.is_object()) {
    json base = current != nullptr && current->is_object() ? *current : json::object();
    return MergeObject(schema, base, value);
  }
  if (value.is_array() && !MergeKey(schema).empty()) {
    json base = current != nullptr && current->is_array() ? *current : json::array();
    return MergeKeyedList(schema, base, value);
  }
  if (value.is_array() && IsMergedSet(schema)) {
    json base = current != nullptr && current->is_array() ? *current : json::array();
    for (const json& item : value) {
      if (std::find(base.begin(), base.end(), item) == base.end()) base.push_back(item);
    }
    return base;
  }
  return value;
}

// The directives beside the fields, after the fields have been merged.
void ApplyDirectives(const json& schema, json& result, const json& patch) {
  for (auto it = patch.begin(); it != patch.end(); ++it) {
    if (StartsWith(it.key(), kDeleteFrom)) {
      json& list = result[it.key().substr(kDeleteFrom.size())];
      json kept = json::array();
      for (const json& item : list) {
        if (std::find(it->begin(), it->end(), item) == it->end()) kept.push_back(item);
      }
      list = kept;
    }
  }
  for (auto it = patch.begin(); it != patch.end(); ++it) {
    if (!StartsWith(it.key(), kElementOrder)) continue;
    std::string field = it.key().substr(kElementOrder.size());
    if (result.contains(field) && result[field].is_array()) {
      Reorder(result[field], *it, MergeKey(SchemaOfField(schema, field)));
    }
  }
  if (auto keep = patch.find(kRetainKeys); keep != patch.end()) {
    for (auto it = result.begin(); it != result.end();) {
      bool kept = std::find(keep->begin(), keep->end(), json(it.key())) != keep->end();
      it = kept ? std::next(it) : result.erase(it);
    }
  }
}

json MergeObject(const json& schema, const json& object, const json& patch) {
  std::string directive = patch.value(kDirective, "");
  if (directive == "delete") return json::object();
  json result = directive == "replace" ? json::object() : object;
  for (auto it = patch.begin(); it != patch.end(); ++it) {
    const std::string& name = it.key();
    if (!name.empty() && name[0] == '$') continue;
    if (it->is_null()) {
      result.erase(name);
      continue;
    }
    auto current = result.find(name);
    result[name] = MergeField(SchemaOfField(schema, name),
                              current == result.end() ? nullptr : &*current, *it);
  }
  ApplyDirectives(schema, result, patch);
  return result;
}

}  // namespace

json StrategicMergePatch(const json& schema, const json& object, const json& patch) {
  return MergeObject(schema, object, patch);
}

}  // namespace windlass::api_server
