// The whole API as a function from request to response: routes each path to
// discovery, OpenAPI, health or the resource it names.
#pragma once

#include "operator/local/api_server/resource_api.h"
#include "operator/local/api_server/subresources.h"

namespace windlass::api_server {

class Service {
 public:
  // `token`: if not empty, what requests must carry.
  Service(ResourceApi& api, std::string token)
      : api_(api), subresources_(api), token_(std::move(token)) {}

  // Never throws: what goes wrong becomes a Status.
  Response Handle(const Request& request);
  Subresources& subresources() { return subresources_; }

 private:
  Response Route(const Request& request);
  std::optional<Response> Document(const Request& request, const Registry& registry);
  Response ResourceRequest(const Request& request, std::shared_ptr<const Registry> registry);

  ResourceApi& api_;
  Subresources subresources_;
  const std::string token_;
};

}  // namespace windlass::api_server
