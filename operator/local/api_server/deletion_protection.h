// The one admission policy that Windlass brings along.
//
// This server carries no ValidatingAdmissionPolicies; what the chart's would refuse,
// it refuses itself, in the same words.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "operator/local/api_server/resource_info.h"

namespace windlass::api_server {

// Throws Forbidden if the object is a RedisCluster that says it is not to be deleted.
void CheckDeletionProtection(const ResourceInfo& info, const nlohmann::json& object);

}  // namespace windlass::api_server
