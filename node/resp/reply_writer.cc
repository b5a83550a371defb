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

constexpr size_t kDoubleText = 64;  // the longest text and what frames it

size_t PutText(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return text.size();
}

// Significant digits without a point, and the power of ten of the last of them.
struct Digits {
  char text[24];
  size_t count = 0;
  int power = 0;
};

// Of the shortest text that reads back. REQUIRES: value > 0 and finite
Digits DigitsOf(double value) {
  Digits digits;
  char text[kDoubleText];
  const char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  const char* p = text;
  for (; *p != 'e'; ++p) {
    if (*p != '.') digits.text[digits.count++] = *p;
  }
  p += p[1] == '+' ? 2 : 1;
  std::from_chars(p, end, digits.power);
  digits.power -= static_cast<int>(digits.count) - 1;
  return digits;
}

// When the point is written in place, when zeros are, and when an exponent: as
// clients have seen it since Redis 7.2.
size_t PutDigits(char* out, const Digits& digits) {
  const int count = static_cast<int>(digits.count);
  const int exponent = digits.power + count - 1;
  const int distance = exponent < 0 ? -exponent : exponent;
  if (digits.power >= 0 && distance < count + 7) {
    std::memcpy(out, digits.text, digits.count);
    std::memset(out + count, '0', static_cast<size_t>(digits.power));
    return static_cast<size_t>(count + digits.power);
  }
  if (digits.power < 0 && (digits.power > -7 || distance < 4)) {
    const int whole = count + digits.power;  // digits before the point
    if (whole > 0) {
      std::memcpy(out, digits.text, static_cast<size_t>(whole));
      out[whole] = '.';
      std::memcpy(out + whole + 1, digits.text + whole, static_cast<size_t>(count - whole));
      return digits.count + 1;
    }
    const size_t zeros = static_cast<size_t>(-whole);
    std::memcpy(out, "0.", 2);
    std::memset(out + 2, '0', zeros);
    std::memcpy(out + 2 + zeros, digits.text, digits.count);
    return 2 + zeros + digits.count;
  }
  size_t n = 0;
  out[n++] = digits.text[0];
  if (count > 1) {
    out[n++] = '.';
    std::memcpy(out + n, digits.text + 1, digits.count - 1);
    n += digits.count - 1;
  }
  out[n++] = 'e';
  out[n++] = exponent < 0 ? '-' : '+';
  return n + PutInteger(out + n, distance);
}

size_t PutDouble(char* out, double value) {
  if (std::isnan(value)) return PutText(out, "nan");
  if (std::isinf(value)) return PutText(out, value > 0 ? "inf" : "-inf");
  if (value == 0) return PutText(out, std::signbit(value) ? "-0" : "0");
  constexpr double kIntegers = static_cast<double>(INT64_MAX / 2);  // whole up to here: printed as integers
  if (value >= -kIntegers && value <= kIntegers) {
    const int64_t integer = static_cast<int64_t>(value);
    if (static_cast<double>(integer) == value) return PutInteger(out, integer);
  }
  const size_t sign = value < 0 ? 1 : 0;
  out[0] = '-';
  return sign + PutDigits(out + sign, DigitsOf(std::fabs(value)));
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
    std::memcpy(text + n, bytes.data(), bytes.size());
    n += bytes.size();
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
