// SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF.
#pragma once

#include <span>

#include "node/commands/command.h"

namespace windlass::commands {

std::span<const CommandSpec> PersistenceCommands();

}  // namespace windlass::commands
