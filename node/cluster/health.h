// cluster_state: may this node serve?
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

void UpdateHealth(Machine& m);

}  // namespace windlass::cluster
