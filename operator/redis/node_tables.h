// NodeTables: reads the CLUSTER NODES of many nodes of one cluster, each table but once.
//
// Answers are told apart by a sum over hashes of their lines, in any order, without what
// differs although all is the same: when pings went and came, and what only a node's own
// line shows. Those with the same sum share the table of the first.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "node/base/result.h"
#include "operator/topology/node_lines.h"

namespace windlass::redis {

class NodeTables {
 public:
  base::Result<topology::NodeLines> Read(std::string_view cluster_nodes);

 private:
  std::unordered_map<uint64_t, topology::NodeLines::Table> by_sum_;
};

}  // namespace windlass::redis
