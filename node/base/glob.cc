// Glob matching without recursion: on a mismatch the last star takes one
// character more, so the cost is at most pattern x text.
#include "node/base/glob.h"

namespace windlass::base {
namespace {

unsigned char Fold(char c, bool ignore_case) {
  return static_cast<unsigned char>(ignore_case && c >= 'A' && c <= 'Z' ? c + 32 : c);
}

// pattern[*p] is '['; afterwards *p is behind the closing bracket, or at the end
// when there is none.
bool MatchClass(std::string_view pattern, size_t* p, char c, bool ignore_case) {
  size_t i = *p + 1;
  const bool negated = i < pattern.size() && pattern[i] == '^';
  if (negated) ++i;
  bool found = false;
  const unsigned char wanted = Fold(c, ignore_case);
  while (i < pattern.size() && pattern[i] != ']') {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      ++i;
      found |= Fold(pattern[i], ignore_case) == wanted;
      ++i;
    } else if (i + 2 < pattern.size() && pattern[i + 1] == '-') {
      unsigned char low = Fold(pattern[i], ignore_case);
      unsigned char high = Fold(pattern[i + 2], ignore_case);
      if (low > high) {
        const unsigned char swap = low;
        low = high;
        high = swap;
      }
      found |= low <= wanted && wanted <= high;
      i += 3;
    } else {
      found |= Fold(pattern[i], ignore_case) == wanted;
      ++i;
    }
  }
  *p = i < pattern.size() ? i + 1 : i;
  return found != negated;
}

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view text, bool ignore_case) {
  if (text.empty()) return pattern.empty();
  size_t p = 0;
  size_t t = 0;
  size_t star_p = std::string_view::npos;  // behind the last star
  size_t star_t = 0;                       // where its rest is tried
  while (t < text.size()) {
    bool matched = false;
    if (p < pattern.size()) {
      size_t next = p + 1;
      switch (pattern[p]) {
        case '*':
          star_p = ++p;
          star_t = t;
          continue;
        case '?': matched = true; break;
        case '[':
          next = p;
          matched = MatchClass(pattern, &next, text[t], ignore_case);
          break;
        case '\\':
          if (p + 1 < pattern.size()) next = p + 2;
          matched = Fold(pattern[next - 1], ignore_case) == Fold(text[t], ignore_case);
          break;
        default: matched = Fold(pattern[p], ignore_case) == Fold(text[t], ignore_case);
      }
      if (matched) {
        p = next;
        ++t;
        continue;
      }
    }
    if (star_p == std::string_view::npos) return false;
    p = star_p;
    t = ++star_t;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace windlass::base
