// See notation.h.
#include "node/manual/notation.h"

#include <charconv>

namespace windlass::manual {
namespace {

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool ReadNumber(std::string_view text, int* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::string_view TypeOf(std::string_view word) {
  if (word == "int") return "integer";
  if (word == "double") return "double";
  if (word == "pattern") return "pattern";
  if (word == "time") return "unix-time";
  if (word == "token") return "pure-token";
  return "";
}

class ArgumentReader {
 public:
  explicit ArgumentReader(std::string_view text) : rest_(text) {}

  // Up to `close`, which is taken; 0: up to the end.
  bool ReadAll(char close, std::vector<Argument>* arguments) {
    for (;;) {
      while (!rest_.empty() && rest_[0] == ' ') rest_.remove_prefix(1);
      if (rest_.empty()) return close == 0;
      if (close != 0 && Take(close)) return true;
      arguments->emplace_back();
      if (!ReadOne(&arguments->back())) return false;
    }
  }

 private:
  bool Take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view TakeName() {
    size_t length = 0;
    while (length < rest_.size() && IsNameCharacter(rest_[length])) ++length;
    const std::string_view name = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return name;
  }

  bool TakeQuoted(std::string_view* text) {
    if (!Take('\'')) return false;
    const size_t end = rest_.find('\'');
    if (end == std::string_view::npos) return false;
    *text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
  }

  void SetName(std::string_view name, Argument* argument) {
    argument->type = "string";
    if (name[0] >= 'A' && name[0] <= 'Z') {
      argument->type = "pure-token";
      argument->token = name;
    }
    for (const char c : name) argument->name.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    argument->display = argument->name;
  }

  bool ReadOne(Argument* argument) {
    const std::string_view name = TakeName();
    if (name.empty()) return false;
    SetName(name, argument);
    const bool typed = Take(':');
    if (typed) {
      argument->type = TypeOf(TakeName());
      if (argument->type.empty()) return false;
    }
    if (Take('@')) {
      if (!typed) argument->type = "key";
      if (!ReadNumber(TakeName(), &argument->key_spec)) return false;
    }
    std::string_view text;
    if (Take('=')) {
      if (!TakeQuoted(&text)) return false;
      argument->token = text;
    }
    if (Take('~')) {
      if (!TakeQuoted(&text)) return false;
      argument->display = text;
    }
    if (Take('^')) argument->since = TakeName();
    if (Take('!')) argument->deprecated_since = TakeName();
    argument->optional = Take('?');
    argument->multiple = Take('*');
    argument->multiple_token = Take('+');
    return ReadParts(argument);
  }

  bool ReadParts(Argument* argument) {
    const char close = Take('(') ? ')' : Take('{') ? '}' : '\0';
    if (close == 0) return true;
    argument->type = close == ')' ? "block" : "oneof";
    argument->display.clear();
    return ReadAll(close, &argument->parts);
  }

  std::string_view rest_;
};

bool ReadBegin(const std::vector<std::string_view>& words, KeySpecification* spec) {
  if (words.empty()) return false;
  spec->begin = words[0];
  if (spec->begin == "unknown") return words.size() == 1;
  if (spec->begin == "index") return words.size() == 2 && ReadNumber(words[1], &spec->begin_number);
  if (spec->begin != "keyword" || words.size() != 3) return false;
  spec->keyword = words[1];
  return ReadNumber(words[2], &spec->begin_number);
}

bool ReadFind(const std::vector<std::string_view>& words, KeySpecification* spec) {
  if (words.empty()) return false;
  spec->find = words[0];
  if (spec->find == "unknown") return words.size() == 1;
  if ((spec->find != "range" && spec->find != "keynum") || words.size() != 4) return false;
  for (size_t i = 0; i < 3; ++i) {
    if (!ReadNumber(words[i + 1], &spec->numbers[i])) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string_view> SplitWords(std::string_view text, char separator) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t end = text.find(separator);
    if (end != 0) words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return words;
}

std::optional<std::vector<Argument>> ReadArguments(std::string_view text) {
  std::vector<Argument> arguments;
  if (!ArgumentReader(text).ReadAll('\0', &arguments)) return std::nullopt;
  return arguments;
}

std::optional<std::vector<KeySpecification>> ReadKeySpecifications(std::string_view text) {
  std::vector<KeySpecification> specs;
  for (std::string_view line : SplitWords(text, '\n')) {
    KeySpecification& spec = specs.emplace_back();
    const size_t note = line.find(" # ");
    if (note != std::string_view::npos) {
      spec.notes = line.substr(note + 3);
      line = line.substr(0, note);
    }
    const size_t colon = line.find(": ");
    const size_t comma = line.find(", ");
    if (colon == std::string_view::npos || comma == std::string_view::npos || comma < colon) return std::nullopt;
    spec.flags = SplitWords(line.substr(0, colon), ' ');
    if (!ReadBegin(SplitWords(line.substr(colon + 2, comma - colon - 2), ' '), &spec)) return std::nullopt;
    if (!ReadFind(SplitWords(line.substr(comma + 2), ' '), &spec)) return std::nullopt;
  }
  return specs;
}

}  // namespace windlass::manual
