// See quantity.h.
#include "operator/api/quantity.h"

#include <cmath>
#include <string>

#include "operator/base/text.h"

namespace windlass::api {
namespace {

// 0 for an unknown suffix.
long double Scale(std::string_view suffix) {
  struct Row {
    std::string_view suffix;
    long double scale;
  };
  static constexpr Row kRows[] = {
      {"", 1.0L},    {"n", 1e-9L},  {"u", 1e-6L},  {"m", 1e-3L},  {"k", 1e3L},   {"M", 1e6L},
      {"G", 1e9L},   {"T", 1e12L},  {"P", 1e15L},  {"E", 1e18L},
      {"Ki", 0x1p10L}, {"Mi", 0x1p20L}, {"Gi", 0x1p30L}, {"Ti", 0x1p40L}, {"Pi", 0x1p50L}, {"Ei", 0x1p60L}};
  for (const Row& row : kRows) {
    if (row.suffix == suffix) return row.scale;
  }
  if (suffix.size() >= 2 && (suffix[0] == 'e' || suffix[0] == 'E')) {
    const auto exponent = base::ParseInt(suffix[1] == '+' ? suffix.substr(2) : suffix.substr(1));
    if (exponent && *exponent >= -18 && *exponent <= 18) return std::pow(10.0L, static_cast<long double>(*exponent));
  }
  return 0;
}

}  // namespace

std::optional<int64_t> ParseQuantity(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const size_t digits = text.find_first_not_of("0123456789.");
  const std::string_view number = text.substr(0, digits);
  const std::string_view suffix = digits == std::string_view::npos ? std::string_view() : text.substr(digits);
  const auto value = base::ParseDouble(number);
  const long double scale = Scale(suffix);
  if (!value || scale == 0) return std::nullopt;
  const long double units = static_cast<long double>(*value) * scale;
  if (units < 0 || units >= 0x1p63L) return std::nullopt;
  return static_cast<int64_t>(units);
}

}  // namespace windlass::api
