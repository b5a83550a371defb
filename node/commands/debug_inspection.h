// The subcommands of DEBUG that tell how values and tables are represented.
#pragma once

#include <string_view>

#include "node/commands/command.h"

namespace windlass::keyspace {
class Entry;
}

namespace windlass::commands {

void DebugObject(Call& call);
void DebugListpack(Call& call);
void DebugQuicklist(Call& call);
void DebugSdsLength(Call& call);
void DebugTables(Call& call);      // HTSTATS
void DebugTableOfKey(Call& call);  // HTSTATS-KEY
void DebugStructSizes(Call& call);
void DebugAllocatorNumber(Call& call);  // MALLCTL
void DebugAllocatorText(Call& call);    // MALLCTL-STR
void DebugMatchTest(Call& call);        // STRINGMATCH-TEST

// Regardless of expiry; null if there is none.
keyspace::Entry* PeekKey(Call& call, std::string_view key);

}  // namespace windlass::commands
