// Small questions about the words of rules.
#pragma once

#include <string_view>

namespace windlass::acl {

// Blanks and zero bytes cannot be written in a rule's text.
inline bool HasBlank(std::string_view text) {
  for (const char c : text) {
    if (c == '\0' || c == ' ' || (c >= '\t' && c <= '\r')) return true;
  }
  return false;
}

}  // namespace windlass::acl
