// See double_text.h.
#include "node/resp/double_text.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "node/resp/double_digits.h"
#include "node/resp/reply_writer.h"

namespace windlass::resp {
namespace {

size_t PutInteger(char* out, int64_t value) {
  return static_cast<size_t>(std::to_chars(out, out + 24, value).ptr - out);
}

size_t PutText(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return text.size();
}

// When the point is written in place, when zeros are, and when an exponent: as
// clients have seen it since Redis 7.2.
size_t PutDigits(char* out, const DoubleDigits& digits) {
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

}  // namespace

size_t PutShortest(char* out, double value) {
  if (std::isnan(value)) return PutText(out, "nan");
  if (std::isinf(value)) return PutText(out, value > 0 ? "inf" : "-inf");
  if (value == 0) return PutText(out, std::signbit(value) ? "-0" : "0");
  const size_t sign = value < 0 ? 1 : 0;
  out[0] = '-';
  return sign + PutDigits(out + sign, DigitsOf(std::fabs(value)));
}

size_t PutDouble(char* out, double value) {
  constexpr double kIntegers = static_cast<double>(INT64_MAX / 2);  // whole up to here: printed as integers
  if (value >= -kIntegers && value <= kIntegers && value != 0) {
    const int64_t integer = static_cast<int64_t>(value);
    if (static_cast<double>(integer) == value) return PutInteger(out, integer);
  }
  return PutShortest(out, value);
}

std::string FormatDouble(double value) {
  char text[kDoubleText];
  return std::string(text, PutDouble(text, value));
}

}  // namespace windlass::resp
