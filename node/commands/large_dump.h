// DUMP of a value too large to be made at once.
#pragma once

#include "node/commands/command.h"
#include "node/keyspace/entry.h"

namespace windlass::commands {

// The client waits while it is made in steps. False: this value is made at once, or has to
// be here (in a transaction or a script).
bool DumpInSteps(Call& call, const keyspace::Entry& entry);

}  // namespace windlass::commands
