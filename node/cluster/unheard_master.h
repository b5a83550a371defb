// A master that this node was never told of: learnt of from its replica.
//
// Gossip tells of nodes that have an address, and a master that lost its identity has
// none any more. Who joined after that knows the replica and not whose place it wants:
// it would deny the replica its vote, never report the master as failing, and count a
// voter too few. So a replica's word is taken for a master that owns slots which have no
// owner here. That master is waited for like any other whose address is not known, and
// can fail; should it live, gossip or its own ping will say where.
//
// Not at once: a newcomer is told of the others within moments, with their addresses.
// And not of a master that was forgotten, while the ban lasts.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

// To be called before the sender's role is noted.
void LearnMasterOf(Machine& m, const Node& sender, const Header& header);

}  // namespace windlass::cluster
