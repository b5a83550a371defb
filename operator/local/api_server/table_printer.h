// Objects as the rows that `kubectl get` prints (meta.k8s.io/v1 Table).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "operator/local/api_server/resource_info.h"

namespace windlass::api_server {

// The value at a JSON path of kubectl's dialect (".status.conditions[?(@.type==
// \"Ready\")].status", ".spec.list[0].name"); several matches: the first. Null if none.
nlohmann::json EvaluateJsonPath(const std::string& path, const nlohmann::json& object);

// "5s", "3m10s", "2d4h": Kubernetes's short durations.
std::string HumanDuration(int64_t seconds);

nlohmann::json TableColumns(const ResourceInfo& info);
// One row; `include_object` is None, Metadata or Object.
nlohmann::json TableRow(const ResourceInfo& info, const nlohmann::json& object,
                        const std::string& include_object);

}  // namespace windlass::api_server
