// Encoding of commands. See command.h.
#include "node/resp/command.h"

#include <charconv>

namespace windlass::resp {
namespace {

void AppendHeader(char type, size_t value, std::string* out) {
  char text[32];
  text[0] = type;
  char* end = std::to_chars(text + 1, text + 28, value).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out->append(text, static_cast<size_t>(end - text));
}

}  // namespace

void EncodeCommand(std::span<const std::string_view> argv, std::string* out) {
  AppendHeader('*', argv.size(), out);
  for (const std::string_view arg : argv) {
    AppendHeader('$', arg.size(), out);
    out->append(arg.data(), arg.size());
    out->append("\r\n", 2);
  }
}

size_t EncodedBytes(std::span<const std::string_view> argv) {
  const auto header = [](size_t value) {
    size_t bytes = 4;  // type, one digit, CR LF
    for (; value >= 10; value /= 10) ++bytes;
    return bytes;
  };
  size_t bytes = header(argv.size());
  for (const std::string_view arg : argv) bytes += header(arg.size()) + arg.size() + 2;
  return bytes;
}

}  // namespace windlass::resp
