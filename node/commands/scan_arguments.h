// What SCAN, HSCAN, SSCAN and ZSCAN share: arguments and reply.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "node/commands/command.h"

namespace windlass::commands {

struct ScanOptions {
  int64_t count = 10;
  std::optional<std::string_view> pattern;
  std::optional<std::string_view> type;
};

enum class ScanOf { kKeys, kElements };  // TYPE is an option for keys alone

// Nothing: the error reply was written.
std::optional<uint64_t> ParseCursor(Call& call, std::string_view text);
// From args[first] on.
std::optional<ScanOptions> ParseScan(Call& call, size_t first, ScanOf what);

// The reply: the next cursor and `count` elements, as `body` has them written.
void ReplyScan(Call& call, uint64_t next, int64_t count, std::string_view body);

// Portions of a container until about options.count elements were seen.
template <typename T>
uint64_t ScanElements(const T& object, uint64_t cursor, const ScanOptions& options, const typename T::Visitor& f) {
  int64_t seen = 0;
  do {
    cursor = object.Scan(cursor, [&](auto... parts) {
      ++seen;
      f(parts...);
    });
  } while (cursor != 0 && seen < options.count);
  return cursor;
}

}  // namespace windlass::commands
