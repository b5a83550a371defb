// Numbers in text.
#include "node/types/number.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "node/types/float_text.h"

namespace windlass::types {

std::optional<int64_t> ParseInteger(std::string_view text) {
  if (text.empty() || text.size() > kMaxIntegerDigits) return std::nullopt;
  const bool negative = text[0] == '-';
  const size_t first = negative ? 1 : 0;
  if (first == text.size()) return std::nullopt;
  if (text[first] == '0') {
    // Zero is written "0" only.
    if (text.size() == 1) return 0;
    return std::nullopt;
  }
  uint64_t magnitude = 0;
  for (size_t i = first; i < text.size(); ++i) {
    const unsigned digit = static_cast<unsigned char>(text[i]) - unsigned{'0'};
    if (digit > 9) return std::nullopt;
    if (magnitude > (UINT64_MAX - digit) / 10) return std::nullopt;
    magnitude = magnitude * 10 + digit;
  }
  if (magnitude > uint64_t{INT64_MAX} + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
}

size_t FormatInteger(int64_t value, char* buffer) {
  return static_cast<size_t>(std::to_chars(buffer, buffer + kMaxIntegerDigits, value).ptr - buffer);
}

std::optional<long double> ParseLongDouble(std::string_view text) { return ParseFloat<long double>(text, std::strtold); }

std::string FormatLongDouble(long double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[5 * 1024];
  const int length = std::snprintf(buffer, sizeof(buffer), "%.17Lf", value);
  std::string text(buffer, static_cast<size_t>(length));
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

}  // namespace windlass::types
