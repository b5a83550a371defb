// A reply of RESP2 as a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::redis {

struct Reply {
  enum Type { kStatus, kError, kInteger, kNil, kString, kArray };
  Type type = kNil;
  std::string text;   // of a status, an error or a string
  int64_t integer = 0;
  std::vector<Reply> elements;

  bool error() const { return type == kError; }
  bool nil() const { return type == kNil; }
  bool ok() const { return type == kStatus && text == "OK"; }
  // An error reply whose code (its first word) is this: "MOVED", "NOAUTH".
  bool ErrorIs(std::string_view code) const {
    return error() && text.size() >= code.size() && text.compare(0, code.size(), code) == 0 &&
           (text.size() == code.size() || text[code.size()] == ' ');
  }
};

using Command = std::vector<std::string>;

}  // namespace windlass::redis
