// managedFields of an object: who owns what after an update or an apply.
#include "operator/local/api_server/managed_fields.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "operator/local/api_server/api_error.h"
#include "operator/local/api_server/field_walk.h"
#include "operator/local/api_server/object_meta.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

struct Entry {
  std::string manager;
  std::string operation;  // Apply or Update
  std::string api_version;
  std::string subresource;
  std::string time;
  FieldSet fields;
};

std::vector<Entry> ReadEntries(const json& object) {
  std::vector<Entry> entries;
  for (const json& one : At(object, {"metadata", "managedFields"})) {
    Entry entry{TextAt(one, {"manager"}),     TextAt(one, {"operation"}), TextAt(one, {"apiVersion"}),
                TextAt(one, {"subresource"}), TextAt(one, {"time"}),      FieldsFromJson(At(one, {"fieldsV1"}))};
    if (!entry.manager.empty() && !entry.fields.Empty()) entries.push_back(std::move(entry));
  }
  return entries;
}

void WriteEntries(json& object, const std::vector<Entry>& entries) {
  json list = json::array();
  for (const Entry& entry : entries) {
    if (entry.fields.children.empty()) continue;
    json one = {{"manager", entry.manager},       {"operation", entry.operation},
                {"apiVersion", entry.api_version}, {"time", entry.time},
                {"fieldsType", "FieldsV1"},        {"fieldsV1", FieldsToJson(entry.fields)}};
    if (!entry.subresource.empty()) one["subresource"] = entry.subresource;
    list.push_back(std::move(one));
  }
  if (list.empty()) {
    object["metadata"].erase("managedFields");
  } else {
    object["metadata"]["managedFields"] = std::move(list);
  }
}

// Fields that belong to the server, or name the object.
json OnlyTracked(json object, const std::string& subresource) {
  if (!object.is_object()) return json::object();
  object.erase("apiVersion");
  object.erase("kind");
  if (subresource != "status") object.erase("status");
  if (auto meta = object.find("metadata"); meta != object.end() && meta->is_object()) {
    for (const char* name : {"name", "namespace", "generateName", "creationTimestamp", "selfLink", "uid",
                             "generation", "managedFields", "resourceVersion", "deletionTimestamp",
                             "deletionGracePeriodSeconds"}) {
      meta->erase(name);
    }
    if (meta->empty()) object.erase("metadata");
  }
  return object;
}

bool IsReset(const json& fields) {
  return fields.is_array() && (fields.empty() || (fields.size() == 1 && fields[0] == json::object()));
}

Entry* FindEntry(std::vector<Entry>& entries, const FieldWriter& writer, const char* operation) {
  auto it = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) {
    return e.manager == writer.manager && e.operation == operation && e.subresource == writer.subresource;
  });
  return it == entries.end() ? nullptr : &*it;
}

Entry& EntryOf(std::vector<Entry>& entries, const FieldWriter& writer, const char* operation) {
  if (Entry* found = FindEntry(entries, writer, operation)) return *found;
  entries.push_back({writer.manager, operation, writer.api_version, writer.subresource, writer.now, {}});
  return entries.back();
}

std::string Describe(const Entry& entry) {
  std::string text = "\"" + entry.manager + "\"";
  if (!entry.subresource.empty()) text += " with subresource \"" + entry.subresource + "\"";
  if (entry.operation == "Update") {
    text += " using " + entry.api_version;
    if (!entry.time.empty()) text += " at " + entry.time;
  }
  return text;
}

// Others' fields that the apply would change, a list per other.
struct FieldConflict {
  const Entry* owner;
  std::vector<std::string> paths;
};

[[noreturn]] void ThrowConflicts(const std::vector<FieldConflict>& conflicts) {
  size_t count = 0;
  for (const FieldConflict& one : conflicts) count += one.paths.size();
  std::string text;
  std::vector<Cause> causes;
  for (const FieldConflict& one : conflicts) {
    if (!text.empty()) text += "\n";
    text += "conflicts with " + Describe(*one.owner) + ":";
    for (const std::string& path : one.paths) {
      text += "\n- " + path;
      causes.push_back({"FieldManagerConflict", "conflict with " + Describe(*one.owner), path});
    }
  }
  if (count == 1) text = "conflict with " + Describe(*conflicts[0].owner) + ": " + conflicts[0].paths[0];
  ApiError error(409, "Conflict",
                 "Apply failed with " + std::to_string(count) + " conflict" + (count == 1 ? "" : "s") +
                     ": " + text);
  error.causes = std::move(causes);
  throw error;
}

bool SameFields(const FieldSet& a, const FieldSet& b) {
  return FieldsToJson(a) == FieldsToJson(b);
}

}  // namespace

void TrackUpdate(const json& schema, const json& before, json& after, const FieldWriter& writer) {
  const json given = At(after, {"metadata", "managedFields"});
  if (IsReset(given)) {
    after["metadata"].erase("managedFields");
    return;
  }
  std::vector<Entry> entries = ReadEntries(given.is_null() ? before : after);
  FieldChanges changes = CompareFields(schema, OnlyTracked(before, writer.subresource),
                                       OnlyTracked(after, writer.subresource));
  if (changes.set.Empty() && changes.removed.Empty()) {
    WriteEntries(after, entries);
    return;
  }
  for (Entry& entry : entries) {
    bool own = &entry == FindEntry(entries, writer, "Update");
    FieldSet left = Difference(entry.fields, changes.removed);
    if (!own) left = Difference(left, changes.set);
    entry.fields = std::move(left);
  }
  Entry& own = EntryOf(entries, writer, "Update");
  if (!changes.set.Empty()) {
    own.fields = Union(own.fields, changes.set);
    own.api_version = writer.api_version;
    own.time = writer.now;
  }
  WriteEntries(after, entries);
}

json Apply(const json& schema, const json& live, const json& applied, const FieldWriter& writer,
           bool force) {
  std::vector<Entry> entries = ReadEntries(live);
  if (live.is_object() && entries.empty()) {
    entries.push_back({"before-first-apply", "Update", writer.api_version, "", writer.now,
                       FieldsOf(schema, OnlyTracked(live, ""))});
  }
  const FieldSet claimed = FieldsOf(schema, OnlyTracked(applied, writer.subresource));
  json merged = live.is_null() ? applied : MergeApplied(schema, live, applied);
  const Entry* mine = FindEntry(entries, writer, "Apply");
  FieldChanges changes = CompareFields(schema, OnlyTracked(live, writer.subresource),
                                       OnlyTracked(merged, writer.subresource));
  std::vector<FieldConflict> conflicts;
  for (const Entry& entry : entries) {
    if (&entry == mine) continue;
    std::vector<std::string> paths = PathsOf(Intersection(entry.fields, changes.set));
    if (!paths.empty()) conflicts.push_back({&entry, std::move(paths)});
  }
  if (!conflicts.empty() && !force) ThrowConflicts(conflicts);

  FieldSet others;
  for (Entry& entry : entries) {
    if (&entry == mine) continue;
    entry.fields = Difference(entry.fields, changes.set);
    others = Union(others, entry.fields);
  }
  if (mine != nullptr) {
    RemoveFields(schema, merged, Difference(Difference(mine->fields, claimed), others));
  }
  bool same_fields = mine != nullptr && SameFields(mine->fields, claimed);
  if (same_fields && OnlyTracked(merged, writer.subresource) == OnlyTracked(live, writer.subresource)) {
    merged["metadata"]["managedFields"] = live["metadata"]["managedFields"];
    return merged;
  }
  Entry& own = EntryOf(entries, writer, "Apply");
  own.fields = claimed;
  own.api_version = writer.api_version;
  own.time = writer.now;
  WriteEntries(merged, entries);
  return merged;
}

}  // namespace windlass::api_server
