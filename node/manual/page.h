// One command's page of the manual, written in a compact notation.
//
// arguments:  blank-separated, each
//               name[:type][@keyspec]['='token']['~'display']['^'since]['!'deprecated][?*+]
//             and, for several in one, behind that either "(a b)", all of them, or
//             "{a b}", one of them. Types: int, double, pattern, time, token; without
//             one it is a key where there is an @, else a string. A name in capitals
//             is a token that stands for itself. Token and display are in single
//             quotes. "?" optional, "*" may be repeated, "+" with its token each time.
// keys:       a line each, "flags: begin, find[ # note]" where
//               begin is "index N", "keyword WORD FROM" or "unknown",
//               find is "range LAST STEP LIMIT", "keynum INDEX FIRST STEP" or "unknown".
// history:    a line each, version and text.
#pragma once

#include <string_view>

namespace windlass::manual {

struct Page {
  std::string_view name;  // lower case; "container|subcommand"
  std::string_view group;
  std::string_view since = {};
  std::string_view complexity = {};
  std::string_view summary = {};
  std::string_view history = {};
  std::string_view doc_flags = {};  // "deprecated", "syscmd"
  std::string_view deprecated_since = {};
  std::string_view replaced_by = {};
  std::string_view arguments = {};
  std::string_view keys = {};
  std::string_view tips = {};  // blank-separated
};

// Null if the manual has no such page. `name` in lower case.
const Page* FindPage(std::string_view name);

}  // namespace windlass::manual
