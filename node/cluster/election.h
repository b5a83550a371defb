// A replica's bid for the place of its failed master.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

// Called at each tick and whenever something it waits for has come.
void AdvanceElection(Machine& m);
// A voter's answer.
void CountVote(Machine& m, Node* voter, const Header& header);
// Takes the master's place: role, slots, everybody told. The epoch is set before.
void TakeMastersPlace(Machine& m);

}  // namespace windlass::cluster
