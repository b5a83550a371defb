// cluster_state: may this node serve?
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

void UpdateHealth(Machine& m);
// A majority of the masters has been heard in this life and is not seen as failed, long
// enough for this node to have been told of a successor. Whether slots are covered does
// not matter.
bool InTouch(const Machine& m);

}  // namespace windlass::cluster
