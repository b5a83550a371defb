// Glob patterns as KEYS, SCAN, CONFIG GET and PSUBSCRIBE take them: * ? [a-z]
// [^a-z] and \ to take a character as it is. As in Redis no pattern but an empty one matches
// an empty text; commands for which a lone star means everything do not ask.
#pragma once

#include <string_view>

namespace windlass::base {

bool GlobMatch(std::string_view pattern, std::string_view text, bool ignore_case = false);

}  // namespace windlass::base
