// The family of commands that work on keys of any type: its rows and handlers.
#pragma once

#include <cstdint>
#include <span>

#include "node/commands/command.h"
#include "node/keyspace/entry.h"

namespace windlass::commands {

std::span<const CommandSpec> KeyCommands();

// key_name_commands.cc
void DelCommand(Call& call);
void UnlinkCommand(Call& call);
void ExistsCommand(Call& call);
void TouchCommand(Call& call);
void TypeCommand(Call& call);
void RenameCommand(Call& call);
void RenameNxCommand(Call& call);
void CopyCommand(Call& call);
void MoveCommand(Call& call);
void SwapDbCommand(Call& call);
// key_expiry_commands.cc
void ExpireCommand(Call& call);
void PExpireCommand(Call& call);
void ExpireAtCommand(Call& call);
void PExpireAtCommand(Call& call);
void TtlCommand(Call& call);
void PTtlCommand(Call& call);
void ExpireTimeCommand(Call& call);
void PExpireTimeCommand(Call& call);
void PersistCommand(Call& call);
// key_scan_commands.cc
void KeysCommand(Call& call);
void ScanCommand(Call& call);
void RandomKeyCommand(Call& call);
void DbSizeCommand(Call& call);
void FlushDbCommand(Call& call);
void FlushAllCommand(Call& call);
// key_object_command.cc
std::span<const CommandSpec> ObjectSubcommands();
// key_dump_commands.cc
void DumpCommand(Call& call);
void RestoreCommand(Call& call);

// What OBJECT REFCOUNT says of a value. Peers keep one object for each small integer and
// say so; clients have come to see it, so small integers count as shared.
int64_t ReferencesTo(const keyspace::Entry& entry);

}  // namespace windlass::commands
