// Structural schemas: what Kubernetes does with an object before it stores it.
// All functions are pure; a schema is an OpenAPI v3 document as a
// CustomResourceDefinition holds it. CEL rules are not evaluated.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "operator/local/api_server/api_error.h"

namespace windlass::api_server {

// What a schema says of one field: by name, else by additionalProperties. An
// empty schema if nothing.
const nlohmann::json& SchemaOfField(const nlohmann::json& schema, const std::string& name);

// Removes what the schema does not know and returns the paths of what it removed.
std::vector<std::string> Prune(const nlohmann::json& schema, nlohmann::json& value);

// Fills in defaults of absent fields; drops nulls where a default stands or null
// is not allowed in a field with a default.
void ApplyDefaults(const nlohmann::json& schema, nlohmann::json& value);

// In Kubernetes's words: "spec.shards in body should be greater than or equal to 1".
std::vector<Cause> Validate(const nlohmann::json& schema, const nlohmann::json& value);

// What is wrong with a schema itself, e.g. an array without items.
std::vector<Cause> ValidateSchema(const nlohmann::json& schema, const std::string& path);

}  // namespace windlass::api_server
