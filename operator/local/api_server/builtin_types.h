// The built-in kinds that Windlass uses, and the schemas of their objects.
//
// Their types are written in a small notation (builtin_types.cc) and compiled to
// the same OpenAPI schemas that custom resources bring, so that validation,
// defaults, patches and managed fields need only one form.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "operator/local/api_server/resource_info.h"

namespace windlass::api_server {

// The compiled type, e.g. "ObjectMeta". Throws std::logic_error for an unknown name.
nlohmann::json BuiltinSchema(const std::string& type_name);

// Compiles `notation` and returns the schema of `type_name`, for tests.
nlohmann::json CompileTypes(std::string_view notation, const std::string& type_name);

std::vector<ResourcePtr> BuiltinResources();

}  // namespace windlass::api_server
