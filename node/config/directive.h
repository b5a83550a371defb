// The table of directives: name, type, default, and what may be done with it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace windlass::config {

enum class Type : uint8_t {
  kBool,
  kInteger,       // plain
  kMemory,        // with units: 1k 1kb 1m ...
  kPercentMemory, // memory, or a percentage stored as a negative number
  kOctal,
  kEnum,
  kEnumSet,       // several words of the enum, or-ed
  kText,
  kOutputLimits,
  kSave,
  kList,          // blanks separate; printed as one line
  kLines,         // may be repeated; not shown by CONFIG GET
  kEvents,        // notify-keyspace-events letters
};

enum DirectiveFlag : uint8_t {
  kImmutable = 1,
  kHidden = 2,       // matched by CONFIG GET only by its exact name
  kSensitive = 4,
  kProtected = 8,    // enable-protected-configs
  kEmptyIsUnset = 16,  // an empty string is written as no line at all
};

struct EnumWord {
  std::string_view word;
  int64_t value;
};

struct Directive {
  std::string_view name;
  std::string_view alias;  // empty: none
  Type type;
  std::string_view initial;
  uint8_t flags = 0;
  int64_t minimum = 0;
  int64_t maximum = INT64_MAX;
  std::span<const EnumWord> words = {};
};

std::span<const Directive> Directives();

// notify-keyspace-events: bits by letter, and back. False on an unknown letter.
bool ParseEventLetters(std::string_view letters, int64_t* bits);
std::string EventLetters(int64_t bits);

}  // namespace windlass::config
