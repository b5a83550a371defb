// The families that run Lua.
#pragma once

#include <span>

#include "node/commands/command.h"
#include "node/commands/key_positions.h"

namespace windlass::commands {

struct ScriptRun;

// Of all that run scripts: "name numkeys key ... arg ...".
inline constexpr uint64_t kRunner = kNoScript | kSkipMonitor | kNoMandatoryKeys | kStale | kMovableKeys | kRunsCommands;
inline constexpr uint16_t kReadScriptKey = kKeyRO | kKeyAccess;
inline constexpr uint16_t kChangeScriptKey = kKeyRW | kKeyAccess | kKeyUpdate;
inline constexpr KeySpec kReadKeys = {0, 0, 0, kReadScriptKey, KeysByCount<2, kReadScriptKey>};
inline constexpr KeySpec kChangedKeys = {0, 0, 0, kChangeScriptKey, KeysByCount<2, kChangeScriptKey>};

std::span<const CommandSpec> ScriptCommands();    // EVAL ..., SCRIPT
std::span<const CommandSpec> FunctionCommands();  // FCALL ..., FUNCTION

// args[2], if any, is SYNC or ASYNC.
bool TellsHowToFlush(const Call& call);
// Reads "numkeys key ... arg ..." from args[2] on. False: the reply was written.
bool TakeKeysAndArguments(Call& call, ScriptRun* run);

}  // namespace windlass::commands
