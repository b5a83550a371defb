// Who is master and who replicates whom; addresses and shards of nodes.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

// Marks the node a master; its slots are not touched.
void MakeMaster(Machine& m, Node* node);
// Marks another node a replica of `master` (nullptr: of a node we do not know);
// a master that steps down loses its slots here.
void MakeReplica(Machine& m, Node* node, Node* master);
// This node replicates `master` from now on. REQUIRES: master is another node.
void FollowNode(Machine& m, Node* master);
// Chains of replicas heal: if our master has become a replica we follow its master.
void LeaveChain(Machine& m);
void SetShard(Machine& m, Node* node, const NodeId& shard);

}  // namespace windlass::cluster
