// OpenAPI documents: v3 by group and version, from which kubectl explains and
// validates; v2 without definitions, for clients that insist on one.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "operator/local/api_server/registry.h"

namespace windlass::api_server {

nlohmann::json OpenApiIndex(const Registry& registry);  // /openapi/v3
// Null if there is no such group and version.
nlohmann::json OpenApiDocument(const Registry& registry, const std::string& group,
                               const std::string& version);
nlohmann::json OpenApiV2();
std::string OpenApiV2Protobuf();

}  // namespace windlass::api_server
