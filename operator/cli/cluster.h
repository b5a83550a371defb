// A cluster as a subcommand sees it: read from one node that was named on the
// command line, printed and judged in redis-trib's form.
#pragma once

#include <string>
#include <vector>

#include "operator/cli/session.h"
#include "operator/redis/node_pool.h"
#include "operator/topology/cluster_view.h"
#include "operator/topology/planner.h"

namespace windlass::cli {

struct Cluster {
  topology::Address seed;
  topology::ClusterView view;
  // The seed first, then the order of its CLUSTER NODES.
  std::vector<const topology::Node*> nodes;
  std::vector<const topology::Node*> masters() const;
};

// Throws if the seed does not answer; warns about nodes that do not.
Cluster ReadCluster(Session& session, const topology::Address& seed);

// "M: id host:port", its slots, its replicas.
std::string Describe(const Cluster& cluster, const topology::Node& node);

// Prints the whole check; true if nothing is wrong.
bool Check(Session& session, const Cluster& cluster);
// The check of `info`: keys and slots per master.
void PrintInfo(Session& session, const Cluster& cluster);

// Reads and checks. Nodes may still be hearing of the last change, so a cluster
// that does not agree is looked at again for a few seconds. Throws, telling to
// fix it first, if something stays wrong.
Cluster RequireHealthy(Session& session, const topology::Address& seed, const std::string& before_what);

// Waits until every node that answers knows every other, all agree on the slots
// and say that the cluster is ok; false after timeout_ms.
bool WaitAgreement(Session& session, const topology::Address& seed, int64_t timeout_ms);

// Throws unless the node is in cluster mode, alone and without a key.
void RequireEmptyNode(redis::NodePool& pool, const topology::Address& address);

// The master with slots that has the fewest replicas (first in order); null if
// there is none. `except` is passed over.
const topology::Node* MasterWithFewestReplicas(const Cluster& cluster, const std::string& except);

// The node whose id is this, or begins with it if only one does; null if none.
const topology::Node* FindNode(const Cluster& cluster, const std::string& id);

// Numeric address of a host: CLUSTER MEET takes no names.
std::string ResolveHost(const std::string& host);

// CLUSTER REPLICATE, tried until the node has heard of the master (bounded).
void Replicate(redis::NodePool& pool, const topology::Address& replica, const std::string& master_id);

void SleepMs(int64_t ms);

}  // namespace windlass::cli
