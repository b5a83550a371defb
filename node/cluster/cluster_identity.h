// Which cluster this node is of, so that two never merge when one's node gets an address
// that the other still remembers. The id travels in bytes of the header that Redis leaves
// zero; a node without one (a redis-server, or nobody has named the cluster) is heard by
// all, and learns it from those who have one.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

// The sender is of another cluster: nothing that it says counts.
inline bool IsForeign(const Machine& m, const Header& header) {
  return m.cluster_id != 0 && header.cluster_id != 0 && header.cluster_id != m.cluster_id;
}

// A message of such a node, by a link of its own or by the one to `linked` (or null).
void TurnAway(Machine& m, Node* linked, const MessageReceived& input);

// From a node that is known and of this cluster.
void LearnCluster(Machine& m, const Header& header);

// What the configuration says outranks what was learnt.
void NameCluster(Machine& m, uint64_t id);

}  // namespace windlass::cluster
