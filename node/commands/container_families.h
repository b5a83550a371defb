// The families of commands on containers, one span of rows each.
#pragma once

#include <span>

#include "node/commands/command.h"

namespace windlass::commands {

std::span<const CommandSpec> GeoCommands();
std::span<const CommandSpec> HashCommands();
std::span<const CommandSpec> ListCommands();
std::span<const CommandSpec> SetCommands();
std::span<const CommandSpec> SortedSetCommands();

}  // namespace windlass::commands
