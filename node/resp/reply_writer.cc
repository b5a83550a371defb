// Writing of replies. See reply_writer.h.
#include "node/resp/reply_writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "node/resp/double_text.h"

namespace windlass::resp {
namespace {

constexpr size_t kMostHeader = 24;   // type, number, line end
constexpr size_t kAround = 7;        // a bulk's header with two digits, and its end
constexpr size_t kTinyBulk = 32 - kAround;
constexpr size_t kSmallBulk = 99;

// Has `put` write at the end of the output, at most kMost bytes of which it returns the end.
// Not put together on the stack and appended from there: a copy that begins while single
// bytes are still on their way to memory waits for them, longer than all else here takes.
// kMost is known when this is compiled, so that making room is some stores.
template <size_t kMost, typename F>
void Write(std::string* out, F&& put) {
  static constexpr char kRoom[kMost] = {};
  const size_t begin = out->size();
  out->append(kRoom, kMost);
  const char* end = put(out->data() + begin);
  out->resize(static_cast<size_t>(end - out->data()));
}

char* PutHeader(char* out, char type, int64_t value) {
  *out++ = type;
  if (value >= 0 && value <= 99) [[likely]] {
    const unsigned number = static_cast<unsigned>(value);
    if (number >= 10) *out++ = static_cast<char>('0' + number / 10);
    *out++ = static_cast<char>('0' + number % 10);
  } else {
    out = std::to_chars(out, out + kMostHeader, value).ptr;
  }
  *out++ = '\r';
  *out++ = '\n';
  return out;
}

}  // namespace

void ReplyWriter::Header(char type, int64_t value) {
  Write<kMostHeader>(out_, [=](char* out) { return PutHeader(out, type, value); });
}

void ReplyWriter::Simple(std::string_view text) {
  out_->push_back('+');
  out_->append(text.data(), text.size());
  out_->append("\r\n", 2);
}

void ReplyWriter::Error(std::string_view text) {
  text = text.substr(0, text.find_last_not_of("\r\n") + 1);
  out_->push_back('-');
  const size_t begin = out_->size();
  for (size_t zero; (zero = text.find('\0')) != std::string_view::npos;) {
    out_->append(text.data(), zero);
    text.remove_prefix(std::min(text.size(), text.find('\'', zero)));
  }
  out_->append(text.data(), text.size());
  for (size_t i = begin; i < out_->size(); ++i) {
    if ((*out_)[i] == '\r' || (*out_)[i] == '\n') (*out_)[i] = ' ';
  }
  out_->append("\r\n", 2);
}

void ReplyWriter::Integer(int64_t value) { Header(':', value); }

void ReplyWriter::Bulk(std::string_view bytes) {
  const auto put = [bytes](char* out) {
    out = PutHeader(out, '$', static_cast<int64_t>(bytes.size()));
    out += bytes.copy(out, bytes.size());  // unlike memcpy, also of a null pointer's nothing
    *out++ = '\r';
    *out++ = '\n';
    return out;
  };
  if (bytes.size() <= kTinyBulk) return Write<kTinyBulk + kAround>(out_, put);
  if (bytes.size() <= kSmallBulk) return Write<kSmallBulk + kAround>(out_, put);
  Header('$', static_cast<int64_t>(bytes.size()));
  out_->append(bytes.data(), bytes.size());
  out_->append("\r\n", 2);
}

void ReplyWriter::BulkInteger(int64_t value) {
  char text[24];
  Bulk({text, static_cast<size_t>(std::to_chars(text, text + sizeof text, value).ptr - text)});
}

void ReplyWriter::Null() { protocol_ == 3 ? out_->append("_\r\n", 3) : out_->append("$-1\r\n", 5); }
void ReplyWriter::NullArray() { protocol_ == 3 ? out_->append("_\r\n", 3) : out_->append("*-1\r\n", 5); }
void ReplyWriter::Array(int64_t count) { Header('*', count); }
void ReplyWriter::Map(int64_t pairs) { protocol_ == 3 ? Header('%', pairs) : Header('*', pairs * 2); }
void ReplyWriter::Set(int64_t count) { Header(protocol_ == 3 ? '~' : '*', count); }
void ReplyWriter::Push(int64_t count) { Header(protocol_ == 3 ? '>' : '*', count); }

void ReplyWriter::Attribute(int64_t pairs) {
  if (protocol_ == 3) Header('|', pairs);
}

void ReplyWriter::Double(double value) {
  char text[kDoubleText];
  const size_t size = PutDouble(text + 1, value);
  if (protocol_ != 3) return Bulk({text + 1, size});
  text[0] = ',';
  text[size + 1] = '\r';
  text[size + 2] = '\n';
  out_->append(text, size + 3);
}

void ReplyWriter::Bool(bool value) {
  if (protocol_ != 3) return Integer(value ? 1 : 0);
  out_->append(value ? "#t\r\n" : "#f\r\n", 4);
}

void ReplyWriter::BigNumber(std::string_view digits) {
  if (protocol_ != 3) return Bulk(digits);
  out_->push_back('(');
  out_->append(digits.data(), digits.size());
  out_->append("\r\n", 2);
}

void ReplyWriter::Verbatim(std::string_view format3, std::string_view text) {
  if (protocol_ != 3) return Bulk(text);
  Header('=', static_cast<int64_t>(text.size() + 4));
  out_->append(format3.substr(0, 3));
  out_->push_back(':');
  out_->append(text.data(), text.size());
  out_->append("\r\n", 2);
}

void ReplyWriter::Strings(const std::string_view* items, size_t count) {
  Array(static_cast<int64_t>(count));
  for (size_t i = 0; i < count; ++i) Bulk(items[i]);
}

}  // namespace windlass::resp
