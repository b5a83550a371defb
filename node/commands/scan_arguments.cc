// See scan_arguments.h.
#include "node/commands/scan_arguments.h"

#include <cerrno>
#include <cstdlib>
#include <string>

#include "node/types/number.h"

namespace windlass::commands {
namespace {

// A cursor as C reads an unsigned decimal: nothing is zero, "-1" wraps.
std::optional<uint64_t> CursorOf(std::string_view text) {
  const std::string copy(text);
  if (!copy.empty() && std::string_view(" \t\n\v\f\r").find(copy[0]) != std::string_view::npos) return std::nullopt;
  errno = 0;
  char* end = nullptr;
  const uint64_t cursor = std::strtoull(copy.c_str(), &end, 10);
  if (*end != '\0' || errno == ERANGE) return std::nullopt;
  return cursor;
}

}  // namespace

std::optional<uint64_t> ParseCursor(Call& call, std::string_view text) {
  const auto cursor = CursorOf(text);
  if (!cursor) call.reply.Error("ERR invalid cursor");
  return cursor;
}

std::optional<ScanOptions> ParseScan(Call& call, size_t first, ScanOf what) {
  ScanOptions options;
  for (size_t i = first; i < call.args.size(); i += 2) {
    const std::string_view word = call.args[i];
    if (i + 1 >= call.args.size()) {
      call.reply.Error(kSyntaxError);
      return std::nullopt;
    }
    const std::string_view value = call.args[i + 1];
    if (EqualsNoCase(word, "COUNT")) {
      const auto count = types::ParseInteger(value);
      if (!count) {
        call.reply.Error(kNotInteger);
        return std::nullopt;
      }
      if (*count < 1) {
        call.reply.Error(kSyntaxError);
        return std::nullopt;
      }
      options.count = *count;
    } else if (EqualsNoCase(word, "MATCH")) {
      options.pattern = value;
    } else if (what == ScanOf::kKeys && EqualsNoCase(word, "TYPE")) {
      options.type = value;
    } else {
      call.reply.Error(kSyntaxError);
      return std::nullopt;
    }
  }
  // The pattern of everything asks nothing.
  if (options.pattern == "*") options.pattern.reset();
  return options;
}

void ReplyScan(Call& call, uint64_t next, int64_t count, std::string_view body) {
  call.reply.Array(2);
  call.reply.Bulk(std::to_string(next));
  call.reply.Array(count);
  call.reply.Raw(body);
}

}  // namespace windlass::commands
