// What a person asks of the operator: by spec.paused, or by an annotation that it heeds
// once and takes off.
#pragma once

#include <string>

#include "operator/kube/client.h"

namespace windlass::plugin {

// A RedisCluster's or pod's name with its namespace.
struct Target {
  std::string name_space;
  std::string name;
};

// Each gives the sentence that says what was asked. Throws base::Failure if it cannot be.
std::string Pause(kube::Client& client, const Target& cluster, bool paused);
std::string Rebalance(kube::Client& client, const Target& cluster);
// `pod` is a replica; it takes over from its master.
std::string FailOver(kube::Client& client, const Target& pod);

}  // namespace windlass::plugin
