// Who set which field: metadata.managedFields, and server-side apply on top of it.
//
// A set of fields is kept as the FieldsV1 tree of the API: "f:name" for a field,
// "k:{...}" for an item of a keyed list, "v:..." for an item of a set, "." for
// the element itself. Lists without keys and atomic maps are one leaf.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace windlass::api_server {

// Who is writing, and through which door.
struct FieldWriter {
  std::string manager;
  std::string api_version;
  std::string subresource;  // "status", "scale", or empty
  std::string now;
};

// A set of field paths.
struct FieldSet {
  bool member = false;  // the element itself, beside what is below it
  std::map<std::string, FieldSet> children;

  bool Empty() const { return !member && children.empty(); }
};

FieldSet FieldsFromJson(const nlohmann::json& fields_v1);
nlohmann::json FieldsToJson(const FieldSet& set);
FieldSet Union(const FieldSet& a, const FieldSet& b);
FieldSet Difference(const FieldSet& a, const FieldSet& b);  // members of a that are not of b
FieldSet Intersection(const FieldSet& a, const FieldSet& b);

// The fields an apply of `object` claims.
FieldSet FieldsOf(const nlohmann::json& schema, const nlohmann::json& object);

// Records that `writer` changed `before` (null: nothing) into `after`: it owns
// what it changed, and others lose it. Reads and writes after's managedFields;
// where the client left them out, those of `before` stand.
void TrackUpdate(const nlohmann::json& schema, const nlohmann::json& before,
                 nlohmann::json& after, const FieldWriter& writer);

// The result of applying `applied` to `live` (null: nothing) as `writer`. Fields
// the writer applied before and now leaves out go, unless another owns them.
// Throws ApiError 409 naming managers and fields, unless `force`.
nlohmann::json Apply(const nlohmann::json& schema, const nlohmann::json& live,
                     const nlohmann::json& applied, const FieldWriter& writer, bool force);

}  // namespace windlass::api_server
