// A reply whose body is a JSON document on a line of its own.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "operator/local/api_server/request.h"

namespace windlass::api_server {

// Bytes that are no UTF-8 are replaced.
Response JsonResponse(const nlohmann::json& body, int status = 200);

}  // namespace windlass::api_server
