// Text to value and back for the single-valued types of directives.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.h"
#include "node/config/directive.h"

namespace windlass::config {

// "10mb", "1k", "512": false when it is not a memory size. -1: one beyond 63 bits.
bool ParseMemory(std::string_view text, int64_t* bytes);

// The integer form of a value: numbers, sizes, yes/no, enums. The error is the
// sentence clients and the start-up message show.
base::Result<int64_t> ParseNumber(const Directive& directive, std::span<const std::string> words);

// What CONFIG GET prints for it.
std::string PrintNumber(const Directive& directive, int64_t value);

// A word as the file has it: quoted if it must be.
std::string QuoteWord(std::string_view word);

}  // namespace windlass::config
