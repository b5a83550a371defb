// PING, PONG and MEET: handshakes, signs of life, addresses, roles, claims.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

// sender: the node that the header names, if known; linked: the node our own
// link leads to, if it came by one of ours.
void HandleHeartbeat(Machine& m, Node* sender, Node* linked, const MessageReceived& input);

// Each 100 ms: connects, pings, suspects, drops stale handshakes.
void TickHeartbeats(Machine& m);

// Who answers at this node's address is somebody else: it has none that is known.
void DisownAddress(Machine& m, Node* linked);

// Starts to meet a node. False if a handshake with this address is under way.
bool StartHandshake(Machine& m, const Address& address);

}  // namespace windlass::cluster
