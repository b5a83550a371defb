// A spare replica moves to a master that has lost all of its own.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

void TickReplicaMigration(Machine& m);

}  // namespace windlass::cluster
