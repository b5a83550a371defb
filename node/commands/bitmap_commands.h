// The bitmap family: its handlers, and what they share.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "node/commands/command.h"

namespace windlass::commands {

std::span<const CommandSpec> BitmapCommands();

// bitmap_change_commands.cc
void SetBitCommand(Call& call);
void BitOpCommand(Call& call);
// bitmap_commands.cc
void GetBitCommand(Call& call);
void BitCountCommand(Call& call);
void BitPosCommand(Call& call);
// bitfield_command.cc
void BitFieldCommand(Call& call);

// The offset of a bit within what a string may have; nothing if the error was written.
// With `field_bits` a leading '#' counts in fields of that width.
std::optional<int64_t> BitOffset(Call& call, std::string_view text, int field_bits = 0);

}  // namespace windlass::commands
