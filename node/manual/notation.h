// Reads the notation of page.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::manual {

struct Argument {
  std::string name;
  std::string_view type;  // as COMMAND DOCS words it: "string", "pure-token", "oneof" ...
  int key_spec = -1;
  std::optional<std::string_view> token;
  std::string display;  // empty for oneof and block
  std::string_view since;
  std::string_view deprecated_since;
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;
  std::vector<Argument> parts;
};

struct KeySpecification {
  std::vector<std::string_view> flags;
  std::string_view notes;
  std::string_view begin;  // "index", "keyword" or "unknown"
  std::string_view keyword;
  int begin_number = 0;    // the index, or where to start looking for the keyword
  std::string_view find;   // "range", "keynum" or "unknown"
  int numbers[3] = {0, 0, 0};
};

// Empty optional: the text does not follow the notation.
std::optional<std::vector<Argument>> ReadArguments(std::string_view text);
std::optional<std::vector<KeySpecification>> ReadKeySpecifications(std::string_view text);
std::vector<std::string_view> SplitWords(std::string_view text, char separator);

}  // namespace windlass::manual
