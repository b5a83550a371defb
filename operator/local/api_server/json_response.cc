// See json_response.h.
#include "operator/local/api_server/json_response.h"

#include <nlohmann/json.hpp>

namespace windlass::api_server {

Response JsonResponse(const nlohmann::json& body, int status) {
  Response response;
  response.status = status;
  response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return response;
}

}  // namespace windlass::api_server
