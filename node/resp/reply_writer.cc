// Writing of replies. See reply_writer.h.
#include "node/resp/reply_writer.h"

#include <charconv>
#include <cstring>

#include "node/resp/double_text.h"

namespace windlass::resp {
namespace {

// Bulks up to this size are put together on the stack and appended at once.
constexpr size_t kSmallBulk = 96;

size_t PutInteger(char* out, int64_t value) {
  return static_cast<size_t>(std::to_chars(out, out + 24, value).ptr - out);
}

}  // namespace

void ReplyWriter::Header(char type, int64_t value) {
  char text[32];
  text[0] = type;
  size_t n = 1 + PutInteger(text + 1, value);
  text[n++] = '\r';
  text[n++] = '\n';
  out_->append(text, n);
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
  out_->append(text.data(), text.size());
  for (size_t i = begin; i < out_->size(); ++i) {
    if ((*out_)[i] == '\r' || (*out_)[i] == '\n') (*out_)[i] = ' ';
  }
  out_->append("\r\n", 2);
}

void ReplyWriter::Integer(int64_t value) { Header(':', value); }

void ReplyWriter::Bulk(std::string_view bytes) {
  if (bytes.size() <= kSmallBulk) {
    char text[kSmallBulk + 16];
    text[0] = '$';
    size_t n = 1 + PutInteger(text + 1, static_cast<int64_t>(bytes.size()));
    text[n++] = '\r';
    text[n++] = '\n';
    n += bytes.copy(text + n, bytes.size());  // unlike memcpy, also of a null pointer's nothing
    text[n++] = '\r';
    text[n++] = '\n';
    out_->append(text, n);
    return;
  }
  Header('$', static_cast<int64_t>(bytes.size()));
  out_->append(bytes.data(), bytes.size());
  out_->append("\r\n", 2);
}

void ReplyWriter::BulkInteger(int64_t value) {
  char text[24];
  Bulk(std::string_view(text, PutInteger(text, value)));
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
