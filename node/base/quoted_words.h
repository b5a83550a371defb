// Splitting a line into words as a shell would: inline commands, configuration
// lines, arguments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace windlass::base {

// Blanks separate; "..." with \n \r \t \b \a \xHH escapes, '...' with \' only.
// False when quotes are unbalanced or a closing quote does not end its word.
bool SplitQuoted(std::string_view line, std::vector<std::string>* words);

// The reverse: `word` in double quotes, with those escapes for what does not print.
void AppendQuoted(std::string_view word, std::string* out);

}  // namespace windlass::base
