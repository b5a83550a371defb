// What a node claims against what the table says.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

// A master claims slots with an epoch, by itself or by an UPDATE about it: binds
// what is nobody's, rebinds what a lower epoch holds; this node follows whoever
// took its last slot (or its master's).
void ApplyClaim(Machine& m, Node* claimant, uint64_t epoch, const SharedSlots& claimed);

// A master whose last slots were taken by others follows whoever was elected in its place
// (true), which it may hear of later: it must not go on with what that one has answered for.
bool FollowSuccessor(Machine& m);

// The claim is older than what we know of some slot: tells the sender.
void CorrectStaleClaim(Machine& m, Node* sender, Node* owner, const Header& header);

// Tells the driver of own slots that are no longer in the table as ours.
void ReportLostSlots(Machine& m, const slot::SlotSet& before, bool delete_keys);

}  // namespace windlass::cluster
