// Values of directives. See value_parser.h.
#include "node/config/value_parser.h"

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "node/base/letter_case.h"
#include "node/base/quoted_words.h"

namespace windlass::config {
namespace {

bool ParseInteger(std::string_view text, int base, int64_t* value) {
  if (text.empty() || std::isspace(static_cast<unsigned char>(text[0])) || text[0] == '+') return false;
  const std::string_view magnitude = text[0] == '-' ? text.substr(1) : text;
  if (base == 10 && magnitude.size() > 1 && magnitude[0] == '0') return false;
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  *value = std::strtoll(copy.c_str(), &end, base);
  return errno == 0 && *end == '\0';
}

base::Error OneOf(std::span<const EnumWord> words) {
  std::string message = "argument(s) must be one of the following: ";
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) message += ", ";
    message += words[i].word;
  }
  return {message};
}

base::Result<int64_t> ParseWords(const Directive& directive, std::span<const std::string> given) {
  int64_t value = 0;
  for (const std::string& text : given) {
    const std::string lower = base::Lower(text);
    bool found = false;
    for (const EnumWord& word : directive.words) {
      if (word.word == lower) {
        value |= word.value;
        found = true;
        break;
      }
    }
    if (!found) return OneOf(directive.words);
    if (directive.type == Type::kEnum && given.size() > 1) return OneOf(directive.words);
  }
  return value;
}

base::Result<int64_t> CheckRange(const Directive& directive, int64_t value) {
  if (value >= directive.minimum && value <= directive.maximum) return value;
  char message[160];
  const char* format = directive.type == Type::kOctal
                           ? "argument must be between %llo and %llo inclusive"
                           : "argument must be between %lld and %lld inclusive";
  std::snprintf(message, sizeof message, format, static_cast<long long>(directive.minimum),
                static_cast<long long>(directive.maximum));
  return base::Error{message};
}

base::Result<int64_t> ParseBool(std::string_view text) {
  const std::string lower = base::Lower(text);
  if (lower == "yes") return int64_t{1};
  if (lower == "no") return int64_t{0};
  return base::Error{"argument must be 'yes' or 'no'"};
}

base::Result<int64_t> ParsePercentOrMemory(std::string_view text) {
  int64_t value;
  if (!text.empty() && text.back() == '%') {
    const bool parsed = ParseInteger(text.substr(0, text.size() - 1), 10, &value) && value >= 0;
    if (parsed && value <= 100) return -value;
    if (parsed) return base::Error{"percentage argument must be less or equal to 100"};
    return base::Error{"argument must be a memory or percent value"};
  }
  if (ParseMemory(text, &value)) return value < 0 ? INT64_MAX : value;
  return base::Error{"argument must be a memory or percent value"};
}

}  // namespace

bool ParseMemory(std::string_view text, int64_t* bytes) {
  size_t digits = 0;
  while (digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits]))) ++digits;
  const std::string unit = base::Lower(text.substr(digits));
  uint64_t factor = 0;
  constexpr struct {
    std::string_view name;
    uint64_t factor;
  } kUnits[] = {{"", 1},        {"b", 1},        {"k", 1000},       {"kb", 1024},
                {"m", 1000000}, {"mb", 1 << 20}, {"g", 1000000000}, {"gb", 1 << 30}};
  for (const auto& entry : kUnits) {
    if (entry.name == unit) factor = entry.factor;
  }
  if (factor == 0) return false;
  // No digits count as zero, and what is beyond 64 bits as more than any limit.
  uint64_t count = 0;
  for (const char c : text.substr(0, digits)) {
    const uint64_t digit = static_cast<uint64_t>(c - '0');
    if (count > (UINT64_MAX - digit) / 10) return *bytes = -1, true;
    count = count * 10 + digit;
  }
  *bytes = count > static_cast<uint64_t>(INT64_MAX) / factor ? -1 : static_cast<int64_t>(count * factor);
  return true;
}

base::Result<int64_t> ParseNumber(const Directive& directive, std::span<const std::string> words) {
  if (directive.type == Type::kEnum || directive.type == Type::kEnumSet) return ParseWords(directive, words);
  const std::string& text = words[0];
  int64_t value = 0;
  switch (directive.type) {
    case Type::kBool: return ParseBool(text);
    case Type::kPercentMemory: return ParsePercentOrMemory(text);
    case Type::kMemory:
      if (!ParseMemory(text, &value)) return base::Error{"argument must be a memory value"};
      return CheckRange(directive, value);
    case Type::kOctal:
      if (!ParseInteger(text, 8, &value)) return base::Error{"argument couldn't be parsed as an octal number"};
      return CheckRange(directive, value);
    default:
      if (!ParseInteger(text, 10, &value)) return base::Error{"argument couldn't be parsed into an integer"};
      return CheckRange(directive, value);
  }
}

std::string PrintNumber(const Directive& directive, int64_t value) {
  char text[32];
  switch (directive.type) {
    case Type::kBool: return value != 0 ? "yes" : "no";
    case Type::kOctal: std::snprintf(text, sizeof text, "%llo", static_cast<long long>(value)); return text;
    case Type::kPercentMemory:
      return value < 0 ? std::to_string(-value) + "%" : std::to_string(value);
    case Type::kEnum:
      for (const EnumWord& word : directive.words) {
        if (word.value == value) return std::string(word.word);
      }
      return "unknown";
    case Type::kEnumSet: {
      std::string words;
      for (const EnumWord& word : directive.words) {
        const bool on = word.value == 0 ? value == 0 : (value & word.value) == word.value;
        if (!on) continue;
        if (!words.empty()) words += ' ';
        words += word.word;
      }
      return words;
    }
    default: return std::to_string(value);
  }
}

std::string QuoteWord(std::string_view word) {
  bool plain = !word.empty();
  for (const char c : word) {
    if (!std::isgraph(static_cast<unsigned char>(c)) || c == '"' || c == '\'' || c == '\\' || c == '#') plain = false;
  }
  if (plain) return std::string(word);
  std::string quoted;
  base::AppendQuoted(word, &quoted);
  return quoted;
}

}  // namespace windlass::config
