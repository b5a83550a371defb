// Walking objects by schema, element by element, as managed fields see them:
// which fields there are, which differ, and how two objects merge.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "operator/local/api_server/managed_fields.h"

namespace windlass::api_server {

struct FieldChanges {
  FieldSet set;      // added or changed
  FieldSet removed;
};

// `before` and `after` may be null: nothing there.
FieldChanges CompareFields(const nlohmann::json& schema, const nlohmann::json& before,
                           const nlohmann::json& after);

// `applied` laid over `live`: maps and keyed lists join, all else is replaced.
nlohmann::json MergeApplied(const nlohmann::json& schema, const nlohmann::json& live,
                            const nlohmann::json& applied);

// Removes the members of `set` from `object`, and containers left empty by that.
void RemoveFields(const nlohmann::json& schema, nlohmann::json& object, const FieldSet& set);

// ".spec.ports[port=80,protocol="TCP"].name" for each member.
std::vector<std::string> PathsOf(const FieldSet& set);

}  // namespace windlass::api_server
