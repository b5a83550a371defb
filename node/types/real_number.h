// Doubles in text: scores, weights, distances.
#pragma once

#include <optional>
#include <string_view>

namespace windlass::types {

// A whole number or decimal in C notation ("3.0e2", "inf", "0x1f" too); no leading
// space, nothing behind. Nothing: not a number, too great, or too small to be told
// from zero.
std::optional<double> ParseDouble(std::string_view text);

}  // namespace windlass::types
