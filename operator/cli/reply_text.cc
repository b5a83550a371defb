// Replies as text and text as commands, in redis-cli's form.
#include "operator/cli/reply_text.h"

#include <cctype>
#include <cstdio>

namespace windlass::cli {
namespace {

using redis::Reply;

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '\\': quoted += "\\\\"; break;
      case '"': quoted += "\\\""; break;
      case '\n': quoted += "\\n"; break;
      case '\r': quoted += "\\r"; break;
      case '\t': quoted += "\\t"; break;
      case '\a': quoted += "\\a"; break;
      case '\b': quoted += "\\b"; break;
      default:
        if (std::isprint(static_cast<unsigned char>(c)) != 0) {
          quoted += c;
        } else {
          char hex[8];
          std::snprintf(hex, sizeof(hex), "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
          quoted += hex;
        }
    }
  }
  return quoted + "\"";
}

std::string Formatted(const Reply& reply, const std::string& indent) {
  switch (reply.type) {
    case Reply::kStatus: return reply.text + "\n";
    case Reply::kError: return "(error) " + reply.text + "\n";
    case Reply::kInteger: return "(integer) " + std::to_string(reply.integer) + "\n";
    case Reply::kNil: return "(nil)\n";
    case Reply::kString: return Quoted(reply.text) + "\n";
    case Reply::kArray: break;
  }
  if (reply.elements.empty()) return "(empty array)\n";
  // Numbers are right-aligned to the widest; deeper levels stand below the value.
  const size_t width = std::to_string(reply.elements.size()).size();
  std::string text;
  for (size_t i = 0; i < reply.elements.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    if (i > 0) text += indent;
    text += std::string(width - number.size(), ' ') + number + ") ";
    text += Formatted(reply.elements[i], indent + std::string(width + 2, ' '));
  }
  return text;
}

std::string Raw(const Reply& reply) {
  switch (reply.type) {
    case Reply::kInteger: return std::to_string(reply.integer);
    case Reply::kNil: return "";
    case Reply::kArray: break;
    default: return reply.text;
  }
  std::string text;
  for (size_t i = 0; i < reply.elements.size(); ++i) {
    if (i > 0) text += "\n";
    text += Raw(reply.elements[i]);
  }
  return text;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// `at` stands behind the backslash; returns the character and moves past it.
char Escaped(std::string_view line, size_t& at) {
  const char c = line[at++];
  if (c == 'x' && at + 1 < line.size() && HexDigit(line[at]) >= 0 && HexDigit(line[at + 1]) >= 0) {
    const int value = HexDigit(line[at]) * 16 + HexDigit(line[at + 1]);
    at += 2;
    return static_cast<char>(value);
  }
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'a': return '\a';
    case 'b': return '\b';
    default: return c;
  }
}

// `at` stands behind the opening quote; false if it does not close properly.
bool ReadQuoted(std::string_view line, size_t& at, char quote, std::string& word) {
  while (at < line.size() && line[at] != quote) {
    const bool escape = line[at] == '\\' && at + 1 < line.size() && (quote == '"' || line[at + 1] == '\'');
    if (escape) {
      ++at;
      word += quote == '"' ? Escaped(line, at) : line[at++];
    } else {
      word += line[at++];
    }
  }
  if (at == line.size()) return false;
  ++at;
  return at == line.size() || IsSpace(line[at]);
}

}  // namespace

std::string FormattedReply(const Reply& reply) { return Formatted(reply, ""); }

std::string RawReply(const Reply& reply) { return Raw(reply) + "\n"; }

std::optional<redis::Command> SplitWords(std::string_view line) {
  redis::Command words;
  size_t at = 0;
  while (true) {
    while (at < line.size() && IsSpace(line[at])) ++at;
    if (at == line.size()) return words;
    std::string word;
    while (at < line.size() && !IsSpace(line[at])) {
      const char c = line[at++];
      if (c != '"' && c != '\'') {
        word += c;
      } else if (!ReadQuoted(line, at, c, word)) {
        return std::nullopt;
      }
    }
    words.push_back(std::move(word));
  }
}

}  // namespace windlass::cli
