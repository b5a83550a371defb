// Semi-synchronous shards (windlass-min-acks K): who may take a failed master's place.
//
// A write was answered when K replicas had it. A replica that has heard how far
// replicas - K + 1 of its shard are, itself among them, has heard one of those K; if
// none of them is ahead, it has the write. That holds only if what it heard is final:
//
// - A replica that sees its master as failed gives up the master's stream (effect
//   HoldStream) and says in its headers that its offset is final. A master that was
//   only paused can then get no acknowledgement for a write its successor lacks.
// - It joins the stream again when the master is no longer seen as failed, but not
//   before a node timeout has passed since it last said so; and what it said counts
//   for half a node timeout. So nobody is elected by a word that is no longer true.
// - An offset is final only if the data is a whole prefix of that master's history:
//   one that restarted, or lost its data to a copy that did not arrive, vouches for
//   nothing. Offsets of two histories do not compare: one that missed a restart of the
//   master, after which the history is a new one, is as good as not heard.
//
// A replica of another kind (redis-server) says none of this and is as good as not
// heard. CLUSTER FAILOVER FORCE and TAKEOVER, a person's word, are not asked.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

// Whether this replica's stream is to stand still. Called at the end of a turn.
void ReviewHold(Machine& m);
// Whether this node's headers say that its offset is final.
bool OffsetIsFinal(const Machine& m);
// While the master is failed, siblings are told again and again how far this one is.
void TickHold(Machine& m);
void NoteFinalOffset(Machine& m, Node* sender, const Header& header);
// The rule. True at once where no acknowledgements are asked for.
bool HoldsAllAnswered(Machine& m);
// Whether a replica's acknowledgement counts here, at its master: one that the others
// of the shard may not know of yet would not be waited for in an election.
bool AckCounts(const Machine& m, const Node& replica);

}  // namespace windlass::cluster
