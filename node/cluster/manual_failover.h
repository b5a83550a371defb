// CLUSTER FAILOVER: the master pauses its writers, the replica catches up and
// then asks for votes that are given although the master is up.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

// Replica's side: the user asks. The reply line, or an error.
base::Result<std::string> StartManualFailover(Machine& m, FailoverCommand::Kind kind);
// Master's side: a replica asks; writes stop.
void HandleMfStart(Machine& m, Node* replica, LinkId link);
// Master's side: there are facts of after the pause. The replica is told of an offset
// that is new.
void NotePausedOffset(Machine& m);
// Replica's side: the header of a paused master says where its stream ends.
void NotePausedMaster(Machine& m, const Node& sender, const Header& header);
// Replica's side: have we applied all of it?
void AdvanceManualFailover(Machine& m);
void ExpireManualFailover(Machine& m);
// Ends it, whatever side and outcome; writers go on.
void ResetManualFailover(Machine& m);

}  // namespace windlass::cluster
