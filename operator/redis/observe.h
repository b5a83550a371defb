// Asking nodes what they know: many side by side, with one deadline.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "operator/redis/redis_admin.h"
#include "operator/topology/cluster_view.h"

namespace windlass::redis {

struct ObserveOptions {
  AdminOptions admin;
  int64_t deadline_ms = 3000;  // for the whole observation, however many nodes
  // INFO sections to ask for; empty: INFO as it comes. A node that refuses
  // several sections in one INFO (before 7.0) is asked for all of them.
  std::vector<std::string> info_sections;
};

// Over connections of its own; see node_links.h for some that last. Never throws for a
// node's sake: a node that does not answer in time has `error` set. One report per
// address, in the order given.
std::vector<topology::NodeReport> ObserveNodes(const std::vector<Address>& addresses,
                                               const ObserveOptions& options);

// Starts from one node (it must answer, or this throws), then asks every node
// it lists that has an address and is not in handshake.
topology::ClusterView ObserveClusterFrom(const Address& seed, const ObserveOptions& options);

}  // namespace windlass::redis
