// SORT and SORT_RO: their rows and handler.
#pragma once

#include <span>

#include "node/commands/command.h"

namespace windlass::commands {

std::span<const CommandSpec> SortCommands();
void SortCommand(Call& call);

}  // namespace windlass::commands
