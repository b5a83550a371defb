// The words for the bits of a command's row: flags, ACL categories, key flags.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "node/resp/reply_writer.h"

namespace windlass::commands {

struct Word {
  uint64_t bit;
  std::string_view word;
};

std::span<const Word> FlagWords();
std::span<const Word> CategoryWords();
std::span<const Word> KeyFlagWords();

// The category of this name, in any case; 0 if there is none.
uint64_t CategoryByName(std::string_view name);

// The words of the bits that are set, as a set of simple strings, each after `prefix`.
void ReplyWords(resp::ReplyWriter& reply, uint64_t bits, std::span<const Word> words, std::string_view prefix = "");

}  // namespace windlass::commands
