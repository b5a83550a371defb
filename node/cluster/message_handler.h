// A message came in: who said it, what it means for epochs and nodes, and on to
// its subject.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

void HandleMessage(Machine& m, const MessageReceived& input);
void HandleLinkConnected(Machine& m, LinkId link);
void HandleLinkClosed(Machine& m, LinkId link);
void HandleLinkActivity(Machine& m, LinkId link);

}  // namespace windlass::cluster
