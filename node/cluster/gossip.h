// What a heartbeat tells of other nodes, and believing it.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

// max(3, N/10) nodes at random, then every node in PFAIL; extensions if `to` (may
// be null: unknown) understands them.
Heartbeat BuildHeartbeat(Machine& m, const Node* to);

// REQUIRES: sender is known and not in handshake.
void ProcessGossip(Machine& m, Node* sender, const std::vector<GossipEntry>& gossip);
void ProcessExtensions(Machine& m, Node* sender, const Extensions& extensions);

}  // namespace windlass::cluster
