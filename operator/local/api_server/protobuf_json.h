// Bodies in Kubernetes's protobuf, which kubectl's typed commands (create
// namespace, configmap, secret, …, and eviction) send without asking.
//
// Only the kinds those commands write are known; another is refused with 415.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace windlass::api_server {

// The JSON form of an enveloped object. Throws ApiError 400 or 415.
nlohmann::json ProtobufToJson(std::string_view body);

}  // namespace windlass::api_server
