// REPLICAOF, ROLE, PSYNC, REPLCONF, WAIT and their like.
#pragma once

#include <span>

#include "node/commands/command.h"

namespace windlass::commands {

std::span<const CommandSpec> ReplicationCommands();

}  // namespace windlass::commands
