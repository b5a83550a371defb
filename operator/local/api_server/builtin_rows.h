// The columns kubectl users know for built-in kinds, and their cells.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "operator/local/api_server/resource_info.h"

namespace windlass::api_server {

// Without the first one, the name.
std::vector<PrinterColumn> BuiltinColumns(const ResourceInfo& info);
std::vector<nlohmann::json> BuiltinCells(const ResourceInfo& info, const nlohmann::json& object);

}  // namespace windlass::api_server
