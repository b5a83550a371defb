// Arbitrary bytes as a client's connection would hand them to the request
// parser: as they came in one read, and byte by byte. Both must find the same
// requests, and no argument may lie outside of what was read.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "node/resp/request_parser.h"

namespace {

using windlass::resp::ParseStatus;
using windlass::resp::RequestParser;

using Requests = std::vector<std::vector<std::string>>;

constexpr size_t kMostBytes = 4096;  // byte by byte costs its square

// What a connection does: parses what it holds, `step` bytes more at a time.
// True if the bytes end in a protocol error.
bool Read(std::string_view bytes, size_t step, bool authenticated, Requests* requests, std::string* error) {
  RequestParser parser;
  parser.limits().authenticated = authenticated;
  parser.limits().max_inline_bytes = 512;
  std::vector<std::string_view> args;
  size_t start = 0;
  for (size_t end = 0; end < bytes.size();) {
    end = end + step < bytes.size() ? end + step : bytes.size();
    while (start < end) {
      // Memory of its own, of the exact size: the connection's buffer moves.
      const std::vector<char> memory(bytes.begin() + start, bytes.begin() + end);
      const std::string_view buffer(memory.data(), memory.size());
      size_t consumed = 0;
      const ParseStatus status = parser.Parse(buffer, &consumed, &args);
      if (status == ParseStatus::kError) {
        *error = parser.error();
        return true;
      }
      if (status == ParseStatus::kNeedMore) {
        if (consumed != 0) std::abort();
        break;
      }
      if (consumed == 0 || consumed > buffer.size()) std::abort();
      requests->emplace_back(args.begin(), args.end());
      start += consumed;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > kMostBytes) return 0;
  const bool authenticated = (data[0] & 1) == 0;  // '*' is even
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Requests whole, pieces;
  std::string whole_error, pieces_error;
  const bool whole_failed = Read(bytes, size, authenticated, &whole, &whole_error);
  const bool pieces_failed = Read(bytes, 1, authenticated, &pieces, &pieces_error);
  // A line that is too long is noticed before its end has come, or never.
  const bool too_big = pieces_error.find("too big") != std::string::npos;
  if (!too_big && (whole_failed != pieces_failed || whole_error != pieces_error || whole != pieces)) std::abort();
  return 0;
}
