// A voter's side of an election.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

// Grants or denies the vote that `candidate` asks for. The vote is on disk
// before the answer leaves.
void ConsiderVote(Machine& m, Node* candidate, const Header& request);

}  // namespace windlass::cluster
