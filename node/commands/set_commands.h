// Handlers of the set family that stand in set_algebra_commands.cc.
#pragma once

#include "node/commands/command.h"
#include "node/types/set.h"

namespace windlass::commands {

void SInterCommand(Call& call);
void SUnionCommand(Call& call);
void SDiffCommand(Call& call);
void SInterStoreCommand(Call& call);
void SUnionStoreCommand(Call& call);
void SDiffStoreCommand(Call& call);
void SInterCardCommand(Call& call);

}  // namespace windlass::commands
