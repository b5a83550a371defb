// Configuration epochs: which of two claims is newer.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

// The greatest epoch this node knows of.
uint64_t MaxEpoch(const Machine& m);
// Takes a new epoch without asking anybody (BUMPEPOCH, TAKEOVER, the end of an
// import). False if ours is already the greatest and not zero.
bool BumpEpochAlone(Machine& m);
// Two masters with one epoch: one of them must take a new one.
void SettleCollision(Machine& m, const Node& other, const Header& header);

}  // namespace windlass::cluster
