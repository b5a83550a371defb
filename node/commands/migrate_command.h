// MIGRATE.
#pragma once

#include "node/commands/command.h"

namespace windlass::commands {

std::span<const CommandSpec> MigrateCommands();

}  // namespace windlass::commands
