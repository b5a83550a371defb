// Small questions about the words of rules.
#pragma once

#include <string>
#include <string_view>

namespace windlass::acl {

inline char LowerCharacter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

inline std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = LowerCharacter(c);
  return lower;
}

// `lower` is in lower case already.
inline bool EqualsNoCase(std::string_view lower, std::string_view text) {
  if (lower.size() != text.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (LowerCharacter(lower[i]) != LowerCharacter(text[i])) return false;
  }
  return true;
}

// Blanks and zero bytes cannot be written in a rule's text.
inline bool HasBlank(std::string_view text) {
  for (const char c : text) {
    if (c == '\0' || c == ' ' || (c >= '\t' && c <= '\r')) return true;
  }
  return false;
}

}  // namespace windlass::acl
