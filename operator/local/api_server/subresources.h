// Scale, logs, eviction, binding, resize and finalize: the subresources that are not a
// plain write of their object.
#pragma once

#include <memory>
#include <mutex>

#include "operator/local/api_server/resource_api.h"
#include "operator/local/api_server/server.h"

namespace windlass::api_server {

class Subresources {
 public:
  explicit Subresources(ResourceApi& api) : api_(api) {}

  void SetPodLogs(std::shared_ptr<PodLogs> logs);

  // REQUIRES: call.subresource is not empty and not "status". Throws 404 or 405
  // for what there is not.
  Response Handle(const ResourceCall& call);

 private:
  Response Scale(const ResourceCall& call);
  Response Log(const ResourceCall& call);
  Response Evict(const ResourceCall& call);
  Response Bind(const ResourceCall& call);
  Response Resize(const ResourceCall& call);
  Response Finalize(const ResourceCall& call);

  ResourceApi& api_;
  std::mutex logs_mutex_;
  std::shared_ptr<PodLogs> logs_;
};

}  // namespace windlass::api_server
