// The id of a stream's entry: milliseconds and a sequence within them, ordered.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace windlass::types {

struct StreamId {
  uint64_t ms = 0;
  uint64_t seq = 0;

  auto operator<=>(const StreamId&) const = default;
  bool zero() const { return ms == 0 && seq == 0; }

  // The longest text: two numbers of twenty digits and a dash.
  static constexpr size_t kMaxText = 41;
  // Writes "ms-seq" to `buffer`; returns its length.
  size_t Format(char* buffer) const;
  std::string ToString() const;
};

inline constexpr StreamId kLastStreamId{UINT64_MAX, UINT64_MAX};

// The next larger and smaller id. Nothing: there is none.
std::optional<StreamId> IdAfter(StreamId id);
std::optional<StreamId> IdBefore(StreamId id);

struct ParsedStreamId {
  StreamId id;
  bool sequence_given = true;  // false: "ms-*"
};
// "ms" or "ms-seq"; a sequence that is not there is `missing_sequence`. Numbers that
// are not canonical are read as strtoull does.
std::optional<StreamId> ParseStreamId(std::string_view text, uint64_t missing_sequence);
// Also "ms-*".
std::optional<ParsedStreamId> ParseNewStreamId(std::string_view text);

}  // namespace windlass::types
