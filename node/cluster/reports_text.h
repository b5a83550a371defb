// The lines of CLUSTER NODES and of nodes.conf.
#pragma once

#include <string>

#include "node/cluster/machine.h"

namespace windlass::cluster {

// One node's line, without line end.
std::string NodeLine(const Machine& m, const Node& node);
std::string NodesText(const Machine& m);
std::string NodesConfText(const Machine& m);

}  // namespace windlass::cluster
