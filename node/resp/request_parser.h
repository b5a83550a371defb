// Requests as they arrive: RESP arrays of bulk strings, and inline commands.
//
// The arguments are views into the caller's buffer (inline arguments with quotes:
// into the parser), so nothing is copied; they die with the buffer or with the
// next call. A request that has not arrived whole is resumed where parsing
// stopped, so a large one that comes in a thousand reads costs one pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace windlass::resp {

enum class ParseStatus { kComplete, kNeedMore, kError };

// A request that is longer is worth being known of while it arrives: its buffer gets
// its room at once, and its payload is read as it comes.
inline constexpr size_t kLargeRequestBytes = 32 * 1024;

struct RequestLimits {
  int64_t max_bulk_bytes = 512 * 1024 * 1024;
  int64_t max_arguments = 1024 * 1024;  // elements of one array
  size_t max_inline_bytes = 64 * 1024;  // an inline command, or a length line
  // Before AUTH a stranger may not make the server set memory aside.
  bool authenticated = true;
};

class RequestParser {
 public:
  // Parses one request from the start of `buffer`.
  //  kComplete: *consumed bytes were used; *args may be empty (a blank line).
  //  kNeedMore: nothing consumed; call again with the same bytes and more after them.
  //  kError:    error() is the text to send after "-ERR "; the connection is to be closed.
  ParseStatus Parse(std::string_view buffer, size_t* consumed, std::vector<std::string_view>* args);

  const std::string& error() const { return error_; }
  // How long the buffer must grow before Parse can get further, or 0 if unknown.
  size_t bytes_wanted() const { return bytes_wanted_; }
  // After kNeedMore: where the argument that is cut stands in the buffer, as far as it is
  // there. No bytes: that is not known yet.
  struct CutArgument {
    size_t index = 0;
    size_t begin = 0;
    size_t bytes = 0;
  };
  CutArgument cut() const;
  // An argument before that one.
  std::string_view ArgumentBeforeCut(std::string_view buffer, size_t index) const {
    return buffer.substr(partial_[index].first, partial_[index].second);
  }
  void set_limits(const RequestLimits& limits) { limits_ = limits; }
  RequestLimits& limits() { return limits_; }
  void Reset();

 private:
  ParseStatus ParseInline(std::string_view buffer, size_t* consumed, std::vector<std::string_view>* args);
  ParseStatus ParseArray(std::string_view buffer, size_t* consumed, std::vector<std::string_view>* args);
  ParseStatus ParseArrayHeader(std::string_view buffer, size_t* position, int64_t* count);
  ParseStatus ParseBulk(std::string_view buffer, size_t* position, std::string_view* bulk);
  ParseStatus Suspend(std::string_view buffer, size_t position, int64_t remaining,
                      const std::vector<std::string_view>& args);
  ParseStatus Fail(std::string message);

  RequestLimits limits_;
  std::string error_;
  size_t bytes_wanted_ = 0;
  size_t cut_begin_ = 0;  // of the argument that bytes_wanted_ is the end of
  size_t inline_scanned_ = 0;  // bytes known to hold no newline
  // A suspended array. Invariant: remaining_ > 0 iff one is suspended.
  int64_t remaining_ = 0;
  size_t position_ = 0;
  std::vector<std::pair<size_t, size_t>> partial_;  // offset and length of the arguments so far
  std::vector<std::string> inline_args_;
};

}  // namespace windlass::resp
