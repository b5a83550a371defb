// A RedisCluster as a picture of characters. Pure.
#pragma once

#include <string>

#include "operator/plugin/seen.h"

namespace windlass::plugin {

// Phase and progress; the map of slots; shards with bars of slots, memory and commands;
// the pods as a tree, by zone and machine.
std::string StatusText(const Seen& seen);

// So much of 1, as a bar.
std::string Bar(double share);

}  // namespace windlass::plugin
