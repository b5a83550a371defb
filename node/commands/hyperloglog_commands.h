// The HyperLogLog family: its rows and handlers.
#pragma once

#include <span>
#include <string_view>

#include "node/commands/command.h"
#include "node/keyspace/entry.h"

namespace windlass::commands {

std::span<const CommandSpec> HyperLogLogCommands();

// hyperloglog_commands.cc
void PfAddCommand(Call& call);
void PfCountCommand(Call& call);
void PfMergeCommand(Call& call);
// hyperloglog_debug_commands.cc
void PfDebugCommand(Call& call);
void PfSelfTestCommand(Call& call);

inline constexpr std::string_view kCorruptHyperLogLog = "INVALIDOBJ Corrupted HLL object detected";

// True if the reply was written: not a string, or none that is a HyperLogLog.
bool RefuseNonHyperLogLog(Call& call, const keyspace::Entry& entry);
// Writes the bytes over the string at a key, or to a new key; its expiry stays.
void StoreHyperLogLog(Call& call, std::string_view key, std::string_view bytes);

}  // namespace windlass::commands
