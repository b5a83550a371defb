// Words of a line. See quoted_words.h.
#include "node/base/quoted_words.h"

#include <utility>

namespace windlass::base {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

// Reads the escape after a backslash at *i, appends what it stands for.
void AppendEscape(std::string_view line, size_t* i, std::string* word) {
  if (line[*i] == 'x' && *i + 2 < line.size() && HexDigit(line[*i + 1]) >= 0 && HexDigit(line[*i + 2]) >= 0) {
    word->push_back(static_cast<char>(HexDigit(line[*i + 1]) * 16 + HexDigit(line[*i + 2])));
    *i += 2;
    return;
  }
  switch (line[*i]) {
    case 'n': word->push_back('\n'); break;
    case 'r': word->push_back('\r'); break;
    case 't': word->push_back('\t'); break;
    case 'b': word->push_back('\b'); break;
    case 'a': word->push_back('\a'); break;
    default: word->push_back(line[*i]);
  }
}

// One quoted part, line[*i] being the opening quote; afterwards *i is behind the
// closing one. A closing quote must end the word.
bool TakeQuoted(std::string_view line, size_t* i, std::string* word) {
  const char quote = line[(*i)++];
  for (; *i < line.size(); ++*i) {
    const char c = line[*i];
    if (c == quote) {
      ++*i;
      return *i == line.size() || IsBlank(line[*i]);
    }
    if (c != '\\' || *i + 1 >= line.size()) {
      word->push_back(c);
    } else if (quote == '"') {
      ++*i;
      AppendEscape(line, i, word);
    } else if (line[*i + 1] == '\'') {
      word->push_back('\'');
      ++*i;
    } else {
      word->push_back(c);
    }
  }
  return false;
}

}  // namespace

bool SplitQuoted(std::string_view line, std::vector<std::string>* words) {
  words->clear();
  size_t i = 0;
  while (true) {
    while (i < line.size() && IsBlank(line[i])) ++i;
    if (i == line.size()) return true;
    std::string word;
    while (i < line.size() && !IsBlank(line[i])) {
      if (line[i] == '"' || line[i] == '\'') {
        if (!TakeQuoted(line, &i, &word)) return false;
        break;
      }
      word.push_back(line[i++]);
    }
    words->push_back(std::move(word));
  }
}

void AppendQuoted(std::string_view word, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (const char c : word) {
    switch (c) {
      case '\\': *out += "\\\\"; break;
      case '"': *out += "\\\""; break;
      case '\n': *out += "\\n"; break;
      case '\r': *out += "\\r"; break;
      case '\t': *out += "\\t"; break;
      case '\a': *out += "\\a"; break;
      case '\b': *out += "\\b"; break;
      default:
        if (c >= ' ' && c <= '~') {
          out->push_back(c);
        } else {
          *out += "\\x";
          out->push_back(kHex[static_cast<unsigned char>(c) >> 4]);
          out->push_back(kHex[c & 15]);
        }
    }
  }
  out->push_back('"');
}

}  // namespace windlass::base
