// PFAIL (we cannot reach a node), FAIL (a majority cannot), and the way back.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

// True if the report is new.
bool AddFailureReport(Machine& m, Node* node, Node* reporter);
bool RemoveFailureReport(Machine& m, Node* node, Node* reporter);
// Reports not older than twice the node timeout.
int CountFailureReports(Machine& m, Node* node);

// PFAIL becomes FAIL when a majority of the masters says so, and all are told.
void MarkFailingIfNeeded(Machine& m, Node* node);
void MarkFailed(Machine& m, Node* node);
// The node answers: PFAIL ends, and FAIL too if nobody can have replaced it.
void NoteReachable(Machine& m, Node* node);
// Our ping has waited too long.
void MarkSuspected(Machine& m, Node* node);

}  // namespace windlass::cluster
