// Every rule of the CRD again, CEL ones included: an API server may not have
// evaluated them, and an object may be older than a rule.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "operator/api/redis_cluster.h"

namespace windlass::api {

// One sentence for each thing wrong: the field, its value and what to do. Empty: valid.
std::vector<std::string> Validate(const RedisCluster& cluster);

// Whether the operator sets this redis.conf directive itself.
bool IsReservedDirective(const std::string& name);

// What stands before and after {pod} in a template of host names; nothing if it is none.
std::optional<std::pair<std::string, std::string>> HostPatternFromText(const std::string& text);

// Whether slots that nobody is left to hold are to be served again, empty.
bool AcceptsLoss(const Spec& spec);

// Bytes of maxmemory. REQUIRES: Validate() found nothing.
int64_t MaxmemoryBytes(const Spec& spec);

}  // namespace windlass::api
