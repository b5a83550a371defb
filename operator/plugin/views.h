// What is being done to a RedisCluster and who owns its slots, as text. Pure.
#pragma once

#include <string>

#include "operator/plugin/seen.h"

namespace windlass::plugin {

// What is being done, how far it is, and which slots are to move.
std::string PlanText(const Json& cluster);
// Who owns how many slots.
std::string SlotsText(const Json& cluster);

}  // namespace windlass::plugin
