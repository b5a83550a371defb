// A master restarted without (all of) its data.
//
// The danger: a container restarted within the node timeout comes back empty, its
// peers never saw it fail, its replicas reconnect, synchronise with the empty
// dataset, and everything is gone. So such a master is on probation until it is
// known that no replica holds more than it does:
//
// - While a node recorded as its replica may hold newer data it is *silent*: it
//   pings nobody and answers no ping (votes excepted), so that its peers, Redis
//   nodes included, come to see it as failing by their ordinary rules and elect
//   a replica. It listens: when the successor claims its slots with a higher
//   epoch it becomes that node's replica by the ordinary rules, and is free.
//   The driver refuses PSYNC and SYNC all the while (ClusterCore::MayBeFollowed),
//   or its replicas would throw away what they have.
// - A replica is proof of nothing lost when it was heard, since this start, with
//   an offset (but 0, which says nothing) not above that of the data loaded here,
//   or when the driver asked it and found that it is empty, or not further in the
//   same history: so that a cluster that was restarted as a whole comes up again.
// - When silence ends, peers' links are closed: the pings that were swallowed would
//   be waited for, new links bring new ones.
// - Without recorded replicas there is nobody to elect, and silence would only do
//   harm: the node takes part, but does not serve until every node that could be
//   its replica by now (it was a replica, or a master without slots) was heard
//   or, if not of this shard, was said to have failed since this start (a FAIL of
//   nodes.conf is old news).
//
// A node that lost nodes.conf too is a newcomer with a new id, but at the address
// where its former replicas look for their master: it refuses PSYNC until it owns a
// slot or a heartbeat has named it somebody's master.
//
// The driver also orders a replica that holds more to take over when nobody was
// elected (server/replica_survey). A replica that may not stand for election
// (cluster-replica-no-failover), or one that never comes back and is not seen to
// have failed, leaves the decision to a person: CLUSTER FAILOVER TAKEOVER on the
// replica, or CLUSTER FORGET of it here.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

void BeginProbation(Machine& m, int64_t data_offset);
// Called when something was heard, and at each tick.
void ReviewProbation(Machine& m);

}  // namespace windlass::cluster
