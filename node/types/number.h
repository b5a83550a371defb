// Text to number and back, by the rules the protocol's users rely on: an integer
// is canonical decimal without spaces, plus sign or leading zeros; a float
// is what INCRBYFLOAT takes and prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace windlass::types {

// The longest text of an int64_t, "-9223372036854775808".
inline constexpr size_t kMaxIntegerDigits = 20;

std::optional<int64_t> ParseInteger(std::string_view text);
// Writes the decimal form to `buffer` (of at least kMaxIntegerDigits bytes) and
// returns its length.
size_t FormatInteger(int64_t value, char* buffer);

// A whole number or decimal in C notation ("3.0e2", "inf" too); no leading
// space, nothing behind. Not a number and overflow are nullopt.
std::optional<long double> ParseLongDouble(std::string_view text);
// Seventeen digits after the point at most, trailing zeros removed, never an exponent.
std::string FormatLongDouble(long double value);

}  // namespace windlass::types
