// See key_waits.h.
#include "node/commands/key_waits.h"

#include <cmath>

#include "node/commands/ports.h"
#include "node/types/number.h"

namespace windlass::commands {

bool WaitForKeys(Call& call, const KeyWait& wait) {
  if (call.client.Has(client::kDenyBlocking)) return false;
  call.node.key_waits->Wait(call, wait);
  return true;
}

bool WaitForKeys(Call& call, std::span<const std::string_view> keys, types::Type type, int64_t deadline_ms) {
  return WaitForKeys(call, {keys, type, deadline_ms});
}

std::optional<int64_t> ParseDeadline(Call& call, std::string_view text) {
  // Far beyond any use, and far from overflow when added to a time in microseconds.
  constexpr long double kLongestSeconds = 100.0L * 365 * 24 * 3600;
  const auto seconds = types::ParseLongDouble(text);
  std::string_view error;
  if (!seconds || std::isnan(*seconds)) {
    error = "ERR timeout is not a float or out of range";
  } else if (*seconds < 0) {
    error = "ERR timeout is negative";
  } else if (*seconds > 9223372036854775.0L) {
    error = "ERR timeout is out of range";
  }
  if (!error.empty()) {
    call.reply.Error(error);
    return std::nullopt;
  }
  if (*seconds == 0) return 0;
  return call.now_ms + static_cast<int64_t>(std::ceil(std::min(*seconds, kLongestSeconds) * 1000));
}

}  // namespace windlass::commands
