// YAML as apply patches carry it, turned into JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace windlass::api_server {

// One document. Throws ApiError 400.
nlohmann::json YamlToJson(const std::string& text);

}  // namespace windlass::api_server
