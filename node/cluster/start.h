// From nothing, or from nodes.conf, to a first state.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

void StartNew(Machine& m);
void StartFrom(Machine& m, const NodesConf& conf);
// Takes over what the options say of myself: announced address, names, flags.
void ApplyOptions(Machine& m, const Options& options);
// Keys in slots that the table gives to nobody, or to somebody else.
void ReconcileSlotsWithData(Machine& m);

}  // namespace windlass::cluster
