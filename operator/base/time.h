// RFC 3339 times, as Kubernetes writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace windlass::base {

// "2026-01-31T12:00:00Z"
std::string Rfc3339(int64_t unix_ms);
// "2026-01-31T12:00:00.123456Z", the form of a Lease's MicroTime.
std::string Rfc3339Micro(int64_t unix_ms);
// Milliseconds since the Unix epoch; nothing if the text is not a UTC time.
std::optional<int64_t> ParseRfc3339(std::string_view text);

}  // namespace windlass::base
