// See real_number.h.
#include "node/types/real_number.h"

#include <charconv>
#include <cstdint>
#include <cstdlib>

#include "node/types/float_text.h"

namespace windlass::types {

std::optional<double> ParseDouble(std::string_view text) {
  // The common case: few enough digits to be exact. "-0" is not among them.
  if (text == "0") return 0;
  constexpr size_t kExactDigits = 15;
  const bool negative = !text.empty() && text[0] == '-';
  if (text.size() - (negative ? 1 : 0) <= kExactDigits && text != "-0") {
    int64_t integer = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
    if (error == std::errc() && end == text.data() + text.size() && integer != 0) return static_cast<double>(integer);
  }
  return ParseFloat<double>(text, std::strtod);
}

}  // namespace windlass::types
