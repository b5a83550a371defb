// Whether an object is as we want it, and if not, where it first differs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace windlass::resources {

// The path of the first field of `wanted` that `live` lacks or has otherwise
// ("spec.ports[0].port"); nothing if all of it is there. Fields that only `live`
// has (defaults, what webhooks add) are no difference. Lists must agree whole.
std::optional<std::string> FirstDifference(const nlohmann::json& wanted, const nlohmann::json& live);

}  // namespace windlass::resources
