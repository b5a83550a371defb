// DEBUG's subcommands about the links of the cluster bus.
#pragma once

#include "node/commands/command.h"

namespace windlass::commands {

void DebugDropPackets(Call& call);
void DebugCloseLinkOnDrop(Call& call);
void DebugClusterLink(Call& call);

}  // namespace windlass::commands
