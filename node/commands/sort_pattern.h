// The patterns of SORT's BY and GET: which value an element stands for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "node/commands/command.h"

namespace windlass::commands {

// "#": the element itself. Else the first '*' is replaced by the element and names a key,
// a string, or, with "->field" behind, a hash. A pattern without '*' finds nothing.
class SortPattern {
 public:
  explicit SortPattern(std::string_view text);

  bool is_constant() const { return !has_star_; }
  // The value for an element; nothing if there is none. Good until the next call.
  std::optional<std::string_view> Lookup(Call& call, std::string_view element);

 private:
  bool is_element_ = false;
  bool has_star_ = false;
  std::string_view prefix_;
  std::string_view suffix_;
  std::string_view field_;  // empty: the key holds a string
  std::string key_;
  char digits_[32];
};

}  // namespace windlass::commands
