// Where a command for a slot belongs, answered per key on the hot path.
#pragma once

#include <cstdint>

#include "node/cluster/messages.h"
#include "node/cluster/node_id.h"

namespace windlass::cluster {

enum class RouteKind : uint8_t {
  kOwn,         // mine, whole
  kMigrating,   // mine, on its way to `other`: a missing key is answered by ASK
  kMyMasters,   // my master's: reads of READONLY clients are served here, else MOVED to owner
  kMoved,       // of `owner`
  kImporting,   // of `owner`, but on its way here: with ASKING served, else MOVED to owner
  kUnassigned,  // of nobody: CLUSTERDOWN Hash slot not served
};

// Indexes into the node table, valid until the next call into the core; see
// ClusterCore::Endpoint. 0 is no node.
using NodeIndex = uint16_t;
inline constexpr NodeIndex kNoNode = 0;
inline constexpr NodeIndex kMyself = 1;

struct Route {
  RouteKind kind = RouteKind::kUnassigned;
  NodeIndex owner = kNoNode;
  NodeIndex other = kNoNode;  // kMigrating: to; kImporting: from
};

}  // namespace windlass::cluster
