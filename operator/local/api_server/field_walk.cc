// The walks over objects and schemas.
#include "operator/local/api_server/field_walk.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "operator/local/api_server/schema.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

enum class Shape { kLeaf, kMap, kKeyedList, kSet };

const json& NoSchema() {
  static const json kNone = json::object();
  return kNone;
}

const json& ItemSchema(const json& schema) {
  auto items = schema.find("items");
  return items != schema.end() && items->is_object() ? *items : NoSchema();
}

Shape ShapeOf(const json& schema, const json& value) {
  if (value.is_object()) {
    return schema.value("x-kubernetes-map-type", "") == "atomic" ? Shape::kLeaf : Shape::kMap;
  }
  if (value.is_array()) {
    std::string type = schema.value("x-kubernetes-list-type", "atomic");
    if (type == "map") return Shape::kKeyedList;
    if (type == "set") return Shape::kSet;
  }
  return Shape::kLeaf;
}

// One child of a container: the element's name in FieldsV1 and its schema.
struct Element {
  std::string name;
  const json* schema;
  const json* value;
};

std::string KeyOf(const json& schema, const json& item) {
  json key = json::object();
  for (const json& field : schema.value("x-kubernetes-list-map-keys", json::array())) {
    if (item.is_object() && item.contains(field)) {
      key[field] = item[field];
    } else {
      const json& of_field = SchemaOfField(ItemSchema(schema), field);
      if (of_field.contains("default")) key[field] = of_field["default"];
    }
  }
  return "k:" + key.dump();
}

std::vector<Element> Elements(const json& schema, const json& value) {
  std::vector<Element> elements;
  switch (ShapeOf(schema, value)) {
    case Shape::kMap:
      for (auto it = value.begin(); it != value.end(); ++it) {
        elements.push_back({"f:" + it.key(), &SchemaOfField(schema, it.key()), &*it});
      }
      break;
    case Shape::kKeyedList:
      for (const json& item : value) elements.push_back({KeyOf(schema, item), &ItemSchema(schema), &item});
      break;
    case Shape::kSet:
      for (const json& item : value) elements.push_back({"v:" + item.dump(), &NoSchema(), &item});
      break;
    case Shape::kLeaf: break;
  }
  return elements;
}

// A field that the schema names is there by its nature; a key of a map, an item
// of a list and an empty container are there because someone put them.
bool IsOwnElement(const json& parent_schema, const Element& element) {
  if (element.name[0] != 'f') return true;
  auto props = parent_schema.find("properties");
  bool named = props != parent_schema.end() && props->contains(element.name.substr(2));
  return !named || element.value->empty();
}

FieldSet Everything(const json& schema, const json& value) {
  FieldSet set;
  set.member = true;
  for (const Element& element : Elements(schema, value)) {
    set.children.emplace(element.name, Everything(*element.schema, *element.value));
  }
  return set;
}

void Compare(const json& schema, const json& before, const json& after, FieldSet& set,
             FieldSet& removed) {
  std::vector<Element> was = Elements(schema, before);
  std::vector<Element> is = Elements(schema, after);
  if ((was.empty() && is.empty()) || ShapeOf(schema, before) != ShapeOf(schema, after)) {
    if (before == after) return;
    set = Everything(schema, after);
    if (!was.empty()) removed = Difference(Everything(schema, before), set);
    return;
  }
  auto find = [](const std::vector<Element>& list, const std::string& name) -> const Element* {
    auto it = std::find_if(list.begin(), list.end(), [&](const Element& e) { return e.name == name; });
    return it == list.end() ? nullptr : &*it;
  };
  for (const Element& element : is) {
    FieldSet child;
    FieldSet gone;
    if (const Element* old = find(was, element.name)) {
      Compare(*element.schema, *old->value, *element.value, child, gone);
    } else {
      child = Everything(*element.schema, *element.value);
    }
    if (!child.Empty()) set.children[element.name] = std::move(child);
    if (!gone.Empty()) removed.children[element.name] = std::move(gone);
  }
  for (const Element& element : was) {
    if (find(is, element.name) == nullptr) {
      removed.children[element.name] = Everything(*element.schema, *element.value);
    }
  }
}

void AppendPaths(const FieldSet& set, const std::string& path, std::vector<std::string>& paths) {
  if (set.member && !path.empty()) paths.push_back(path);
  for (const auto& [name, child] : set.children) {
    std::string rest = name.substr(2);
    if (name[0] == 'f') {
      AppendPaths(child, path + "." + rest, paths);
    } else if (name[0] == 'v') {
      AppendPaths(child, path + "[=" + rest + "]", paths);
    } else {
      std::string keys;
      json parsed = json::parse(rest, nullptr, false);
      if (parsed.is_object()) {
        for (auto it = parsed.begin(); it != parsed.end(); ++it) {
          keys += (keys.empty() ? "" : ",") + it.key() + "=" + it->dump();
        }
      }
      AppendPaths(child, path + "[" + keys + "]", paths);
    }
  }
}

}  // namespace

FieldSet FieldsOf(const json& schema, const json& object) {
  FieldSet set;
  for (const Element& element : Elements(schema, object)) {
    FieldSet child = FieldsOf(*element.schema, *element.value);
    bool leaf = ShapeOf(*element.schema, *element.value) == Shape::kLeaf;
    child.member = child.member || leaf || IsOwnElement(schema, element);
    set.children.emplace(element.name, std::move(child));
  }
  return set;
}

FieldChanges CompareFields(const json& schema, const json& before, const json& after) {
  FieldChanges changes;
  const json empty = json::object();
  Compare(schema, before.is_null() ? empty : before, after.is_null() ? empty : after, changes.set,
          changes.removed);
  return changes;
}

json MergeApplied(const json& schema, const json& live, const json& applied) {
  Shape shape = ShapeOf(schema, applied);
  if (shape == Shape::kLeaf || ShapeOf(schema, live) != shape) return applied;
  json merged = live;
  if (shape == Shape::kMap) {
    for (auto it = applied.begin(); it != applied.end(); ++it) {
      auto old = live.find(it.key());
      merged[it.key()] =
          old == live.end() ? *it : MergeApplied(SchemaOfField(schema, it.key()), *old, *it);
    }
    return merged;
  }
  for (const json& item : applied) {
    auto same = std::find_if(merged.begin(), merged.end(), [&](const json& one) {
      return shape == Shape::kSet ? one == item : KeyOf(schema, one) == KeyOf(schema, item);
    });
    if (same == merged.end()) {
      merged.push_back(item);
    } else if (shape == Shape::kKeyedList) {
      *same = MergeApplied(ItemSchema(schema), *same, item);
    }
  }
  return merged;
}

void RemoveFields(const json& schema, json& object, const FieldSet& set) {
  Shape shape = ShapeOf(schema, object);
  if (shape == Shape::kMap) {
    for (const auto& [name, child] : set.children) {
      if (name[0] != 'f') continue;
      auto it = object.find(name.substr(2));
      if (it == object.end()) continue;
      bool was_empty = it->empty();
      if (!child.children.empty()) RemoveFields(SchemaOfField(schema, name.substr(2)), *it, child);
      bool leaf = child.children.empty() && child.member;
      bool emptied = !was_empty && it->is_structured() && it->empty();
      if (leaf || emptied) object.erase(name.substr(2));
    }
    return;
  }
  if (shape != Shape::kKeyedList && shape != Shape::kSet) return;
  json kept = json::array();
  for (json& item : object) {
    std::string name = shape == Shape::kSet ? "v:" + item.dump() : KeyOf(schema, item);
    auto it = set.children.find(name);
    if (it != set.children.end()) {
      if (it->second.member) continue;  // no one wants the item itself any more
      RemoveFields(ItemSchema(schema), item, it->second);
    }
    kept.push_back(std::move(item));
  }
  object = std::move(kept);
}

std::vector<std::string> PathsOf(const FieldSet& set) {
  std::vector<std::string> paths;
  AppendPaths(set, "", paths);
  return paths;
}

}  // namespace windlass::api_server
