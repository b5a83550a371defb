// See stream_id.h.
#include "node/types/stream_id.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "node/types/number.h"

namespace windlass::types {
namespace {

constexpr size_t kLongestText = 127;

// `text` ends in a zero byte.
std::optional<uint64_t> ParseUnsigned(const char* text) {
  const auto integer = ParseInteger(text);
  if (integer) return *integer < 0 ? std::nullopt : std::optional<uint64_t>(static_cast<uint64_t>(*integer));
  errno = 0;
  char* end = nullptr;
  const unsigned long long value = std::strtoull(text, &end, 10);
  if (errno != 0 || *text == '\0' || *end != '\0') return std::nullopt;
  return value;
}

std::optional<ParsedStreamId> Parse(std::string_view text, uint64_t missing_sequence, bool may_be_open) {
  if (text.size() > kLongestText) return std::nullopt;
  char buffer[kLongestText + 1];
  std::copy(text.begin(), text.end(), buffer);
  buffer[text.size()] = '\0';
  char* dash = std::strchr(buffer, '-');
  if (dash != nullptr) *dash = '\0';
  const auto ms = ParseUnsigned(buffer);
  if (!ms) return std::nullopt;
  if (dash == nullptr) return ParsedStreamId{{*ms, missing_sequence}};
  if (may_be_open && std::strcmp(dash + 1, "*") == 0) return ParsedStreamId{{*ms, 0}, false};
  const auto seq = ParseUnsigned(dash + 1);
  if (!seq) return std::nullopt;
  return ParsedStreamId{{*ms, *seq}};
}

}  // namespace

size_t StreamId::Format(char* buffer) const {
  char* end = std::to_chars(buffer, buffer + kMaxText, ms).ptr;
  *end++ = '-';
  end = std::to_chars(end, buffer + kMaxText, seq).ptr;
  return static_cast<size_t>(end - buffer);
}

std::string StreamId::ToString() const {
  char buffer[kMaxText];
  return std::string(buffer, Format(buffer));
}

std::optional<StreamId> IdAfter(StreamId id) {
  if (id == kLastStreamId) return std::nullopt;
  return id.seq == UINT64_MAX ? StreamId{id.ms + 1, 0} : StreamId{id.ms, id.seq + 1};
}

std::optional<StreamId> IdBefore(StreamId id) {
  if (id.zero()) return std::nullopt;
  return id.seq == 0 ? StreamId{id.ms - 1, UINT64_MAX} : StreamId{id.ms, id.seq - 1};
}

std::optional<StreamId> ParseStreamId(std::string_view text, uint64_t missing_sequence) {
  const auto parsed = Parse(text, missing_sequence, false);
  return parsed ? std::optional<StreamId>(parsed->id) : std::nullopt;
}

std::optional<ParsedStreamId> ParseNewStreamId(std::string_view text) { return Parse(text, 0, true); }

}  // namespace windlass::types
