// The pod runner's way to the API server: one function, so that a test can put
// its own behind it. Calls are made from the runner's thread only.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace windlass::pod_runner {

struct ApiReply {
  int status = 0;
  std::string body;
};

// method, target (path and query), body, content type.
using ApiCall = std::function<ApiReply(const std::string&, const std::string&, const std::string&,
                                       const std::string&)>;

// The object at `target`; none if there is none. Throws std::runtime_error on
// any answer but 200 and 404.
std::optional<nlohmann::json> GetObject(const ApiCall& call, const std::string& target);

// Merge-patches `target`. False if the object is gone or was changed under us:
// the next pass sees what is there and tries again.
bool MergePatch(const ApiCall& call, const std::string& target, const nlohmann::json& patch);

// Now, as Kubernetes writes time: 2026-01-02T03:04:05Z.
std::string TimestampNow();

}  // namespace windlass::pod_runner
