// The string family: its rows, its handlers, and what they share.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "node/commands/command.h"
#include "node/keyspace/entry.h"

namespace windlass::commands {

std::span<const CommandSpec> StringCommands();

// string_get_commands.cc
void GetCommand(Call& call);
void GetExCommand(Call& call);
void GetDelCommand(Call& call);
void MGetCommand(Call& call);
void StrLenCommand(Call& call);
void GetRangeCommand(Call& call);
// string_set_commands.cc
void SetCommand(Call& call);
void SetNxCommand(Call& call);
void SetExCommand(Call& call);
void PSetExCommand(Call& call);
void GetSetCommand(Call& call);
void MSetCommand(Call& call);
void MSetNxCommand(Call& call);
// string_change_commands.cc
void AppendCommand(Call& call);
void SetRangeCommand(Call& call);
void IncrCommand(Call& call);
void DecrCommand(Call& call);
void IncrByCommand(Call& call);
void DecrByCommand(Call& call);
void IncrByFloatCommand(Call& call);
// string_lcs_command.cc
void LcsCommand(Call& call);

// A time given as EX, PX, EXAT or PXAT.
struct ExpiryArgument {
  std::string_view text;
  bool seconds = false;
  bool absolute = false;
};
// If args[*at] is one of these words and a time follows, stores it and moves *at
// onto the time. False: it is not, or another of the words came before. The same
// word may come again; the last one counts.
bool TakeExpiryOption(std::span<const std::string_view> args, size_t* at, std::optional<ExpiryArgument>* expiry);
// Unix milliseconds; nothing if an error reply was written.
std::optional<int64_t> ExpiryTime(Call& call, const ExpiryArgument& argument);
// "ERR invalid expire time in '<command>' command"
void ReplyInvalidExpiry(Call& call);

// True if the reply WRONGTYPE was written.
bool RefuseNonString(Call& call, const keyspace::Entry& entry);
void ReplyString(Call& call, const keyspace::Entry& entry);
// proto-max-bulk-len.
int64_t MaxStringBytes(const Call& call);
// Reads move the access clock, unless the client asked otherwise.
bool Touches(const Call& call);
// The moment has come on a node that decides on expiry.
bool AlreadyExpired(const Call& call, int64_t at_ms);

}  // namespace windlass::commands
