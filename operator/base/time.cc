// See time.h.
#include "operator/base/time.h"

#include <cstdio>
#include <ctime>

namespace windlass::base {
namespace {

std::tm UtcParts(int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

std::string Rfc3339(int64_t unix_ms) {
  const std::tm parts = UtcParts(unix_ms);
  char text[32];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text, length);
}

std::string Rfc3339Micro(int64_t unix_ms) {
  std::string text = Rfc3339(unix_ms);
  text.pop_back();
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%06dZ", static_cast<int>(unix_ms % 1000) * 1000);
  return text + fraction;
}

std::optional<int64_t> ParseRfc3339(std::string_view text) {
  const std::string copy(text);
  std::tm parts{};
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  int64_t millis = 0;
  if (*rest == '.') {
    int64_t scale = 100;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, scale /= 10) millis += (*rest - '0') * scale;
  }
  if (std::string_view(rest) != "Z") return std::nullopt;
  return static_cast<int64_t>(timegm(&parts)) * 1000 + millis;
}

}  // namespace windlass::base
