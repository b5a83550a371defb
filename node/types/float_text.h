// Floating point from text: what number.cc and real_number.cc share.
#pragma once

#include <cerrno>
#include <cmath>
#include <cstring>
#include <optional>
#include <string_view>

namespace windlass::types {

// `read` is strtod or strtold.
template <typename Float>
std::optional<Float> ParseFloat(std::string_view text, Float (*read)(const char*, char**)) {
  char buffer[5 * 1024];  // longer texts are not numbers anyone wrote
  if (text.empty() || text.size() >= sizeof(buffer)) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  if (std::strchr(" \t\n\v\f\r", buffer[0]) != nullptr) return std::nullopt;
  errno = 0;
  char* end = nullptr;
  const Float value = read(buffer, &end);
  if (end != buffer + text.size() || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || std::fpclassify(value) == FP_ZERO)) return std::nullopt;
  return value;
}

}  // namespace windlass::types
