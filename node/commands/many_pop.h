// The arguments that LMPOP, BLMPOP, ZMPOP and BZMPOP share.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "node/commands/command.h"

namespace windlass::commands {

struct ManyPop {
  std::span<const std::string_view> keys;
  bool second = false;  // which of the two words was given
  size_t count = 1;
};

struct ManyPopWords {
  std::string_view first;
  std::string_view second;
};

// numkeys key... WORD [COUNT n], from args[at] on. Nothing: an error was replied.
std::optional<ManyPop> ParseManyPop(Call& call, size_t at, ManyPopWords words);

}  // namespace windlass::commands
