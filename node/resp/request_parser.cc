// Parsing of requests. See request_parser.h.
#include "node/resp/request_parser.h"

#include <cstring>

#include "node/base/quoted_words.h"

namespace windlass::resp {
namespace {

constexpr int64_t kStrangerArguments = 10;
constexpr int64_t kStrangerBulkBytes = 16384;

bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }

// Strict: an optional minus, digits, no leading zeros, nothing else.
bool ParseLength(const char* begin, const char* end, int64_t* value) {
  bool negative = false;
  if (begin != end && *begin == '-') {
    negative = true;
    ++begin;
  }
  if (begin == end || end - begin > 18) return false;
  if (*begin == '0' && (end - begin > 1 || negative)) return false;
  int64_t n = 0;
  for (; begin != end; ++begin) {
    const unsigned digit = static_cast<unsigned char>(*begin) - unsigned{'0'};
    if (digit > 9) return false;
    n = n * 10 + digit;
  }
  *value = negative ? -n : n;
  return true;
}

}  // namespace

void RequestParser::Reset() {
  remaining_ = 0;
  inline_scanned_ = 0;
  partial_.clear();
}

RequestParser::CutArgument RequestParser::cut() const {
  if (remaining_ == 0 || bytes_wanted_ == 0) return {};
  return {partial_.size(), cut_begin_, bytes_wanted_ - 2 - cut_begin_};
}

ParseStatus RequestParser::Fail(std::string message) {
  error_ = "Protocol error: " + std::move(message);
  return ParseStatus::kError;
}

ParseStatus RequestParser::Parse(std::string_view buffer, size_t* consumed,
                                 std::vector<std::string_view>* args) {
  args->clear();
  bytes_wanted_ = 0;
  *consumed = 0;
  if (buffer.empty()) return ParseStatus::kNeedMore;
  if (buffer[0] == '*') return ParseArray(buffer, consumed, args);
  return ParseInline(buffer, consumed, args);
}

ParseStatus RequestParser::ParseInline(std::string_view buffer, size_t* consumed,
                                       std::vector<std::string_view>* args) {
  const void* found =
      std::memchr(buffer.data() + inline_scanned_, '\n', buffer.size() - inline_scanned_);
  if (found == nullptr) {
    inline_scanned_ = buffer.size();
    if (buffer.size() > limits_.max_inline_bytes) return Fail("too big inline request");
    return ParseStatus::kNeedMore;
  }
  inline_scanned_ = 0;
  size_t length = static_cast<size_t>(static_cast<const char*>(found) - buffer.data());
  *consumed = length + 1;
  if (length > 0 && buffer[length - 1] == '\r') --length;
  if (!base::SplitQuoted(buffer.substr(0, length), &inline_args_)) return Fail("unbalanced quotes in request");
  for (const std::string& word : inline_args_) args->push_back(word);
  return ParseStatus::kComplete;
}

ParseStatus RequestParser::ParseArray(std::string_view buffer, size_t* consumed,
                                      std::vector<std::string_view>* args) {
  size_t position;
  int64_t remaining;
  if (remaining_ > 0) {
    position = position_;
    remaining = remaining_;
    for (const auto& [offset, length] : partial_) args->push_back(buffer.substr(offset, length));
  } else {
    position = 0;
    const ParseStatus status = ParseArrayHeader(buffer, &position, &remaining);
    if (status != ParseStatus::kComplete) return status;
    if (remaining <= 0) {
      *consumed = position;
      return ParseStatus::kComplete;
    }
  }
  for (; remaining > 0; --remaining) {
    // Put where it stays: a copy of what was written just now would wait for it.
    const ParseStatus status = ParseBulk(buffer, &position, &args->emplace_back());
    if (status == ParseStatus::kComplete) continue;
    args->pop_back();
    return status == ParseStatus::kNeedMore ? Suspend(buffer, position, remaining, *args) : status;
  }
  remaining_ = 0;
  *consumed = position;
  return ParseStatus::kComplete;
}

ParseStatus RequestParser::Suspend(std::string_view buffer, size_t position, int64_t remaining,
                                   const std::vector<std::string_view>& args) {
  position_ = position;
  remaining_ = remaining;
  partial_.clear();
  for (const std::string_view arg : args) {
    partial_.emplace_back(static_cast<size_t>(arg.data() - buffer.data()), arg.size());
  }
  return ParseStatus::kNeedMore;
}

// The line from `from` (after the type byte) to CR; null if it is not whole yet.
static const char* LineEnd(std::string_view buffer, size_t from) {
  const void* cr = std::memchr(buffer.data() + from, '\r', buffer.size() - from);
  if (cr == nullptr || static_cast<const char*>(cr) + 1 >= buffer.data() + buffer.size()) return nullptr;
  return static_cast<const char*>(cr);
}

ParseStatus RequestParser::ParseArrayHeader(std::string_view buffer, size_t* position, int64_t* count) {
  const bool one_digit = buffer.size() >= 4 && buffer[2] == '\r' && IsDigit(buffer[1]);  // nearly all
  const char* end = one_digit ? buffer.data() + 2 : LineEnd(buffer, 1);
  if (end == nullptr) {
    if (buffer.size() > limits_.max_inline_bytes) return Fail("too big mbulk count string");
    return ParseStatus::kNeedMore;
  }
  if (one_digit) {
    *count = buffer[1] - '0';
  } else if (!ParseLength(buffer.data() + 1, end, count)) {
    return Fail("invalid multibulk length");
  }
  if (*count > limits_.max_arguments) return Fail("invalid multibulk length");
  if (!limits_.authenticated && *count > kStrangerArguments) {
    return Fail("unauthenticated multibulk length");
  }
  *position = static_cast<size_t>(end - buffer.data()) + 2;
  return ParseStatus::kComplete;
}

ParseStatus RequestParser::ParseBulk(std::string_view buffer, size_t* position, std::string_view* bulk) {
  const size_t begin = *position;
  if (begin >= buffer.size()) return ParseStatus::kNeedMore;
  if (buffer[begin] != '$') {
    return Fail(std::string("expected '$', got '") + buffer[begin] + "'");
  }
  int64_t length;
  size_t data;
  // Most lengths have one or two digits: no search for the end of the line.
  const char* p = buffer.data() + begin + 1;
  const size_t left = buffer.size() - begin;
  if (left >= 5 && p[1] == '\r' && IsDigit(p[0])) {
    length = p[0] - '0';
    data = begin + 4;
  } else if (left >= 6 && p[2] == '\r' && p[0] != '0' && IsDigit(p[0]) && IsDigit(p[1])) {
    length = (p[0] - '0') * 10 + (p[1] - '0');
    data = begin + 5;
  } else {
    const char* end = LineEnd(buffer, begin + 1);
    if (end == nullptr) {
      if (buffer.size() - begin > limits_.max_inline_bytes) return Fail("too big bulk count string");
      return ParseStatus::kNeedMore;
    }
    if (!ParseLength(p, end, &length) || length < 0 || length > limits_.max_bulk_bytes) {
      return Fail("invalid bulk length");
    }
    if (!limits_.authenticated && length > kStrangerBulkBytes) return Fail("unauthenticated bulk length");
    data = static_cast<size_t>(end - buffer.data()) + 2;
  }
  const size_t need = data + static_cast<size_t>(length) + 2;
  if (buffer.size() < need) {
    bytes_wanted_ = need;
    cut_begin_ = data;
    return ParseStatus::kNeedMore;
  }
  *bulk = buffer.substr(data, static_cast<size_t>(length));
  *position = need;
  return ParseStatus::kComplete;
}

}  // namespace windlass::resp
