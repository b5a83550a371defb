#include "operator/local/pod_runner/api_port.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "node/base/clock.h"
#include "operator/base/time.h"

namespace windlass::pod_runner {

std::optional<nlohmann::json> GetObject(const ApiCall& call, const std::string& target) {
  const ApiReply reply = call("GET", target, "", "application/json");
  if (reply.status == 404) return std::nullopt;
  if (reply.status != 200) {
    throw std::runtime_error("GET " + target + " was answered " + std::to_string(reply.status) + ": " + reply.body);
  }
  return nlohmann::json::parse(reply.body);
}

bool MergePatch(const ApiCall& call, const std::string& target, const nlohmann::json& patch) {
  return call("PATCH", target, patch.dump(), "application/merge-patch+json").status == 200;
}

std::string TimestampNow() { return base::Rfc3339(base::SystemClock().UnixMs()); }

}  // namespace windlass::pod_runner
