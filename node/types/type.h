// The kinds of value a key can hold, and the names commands report for them.
#pragma once

#include <cstdint>
#include <string_view>

namespace windlass::types {

enum class Type : uint8_t { kString = 0, kList = 1, kSet = 2, kSortedSet = 3, kHash = 4, kStream = 5 };

// What OBJECT ENCODING reports.
enum class Encoding : uint8_t {
  kInt, kEmbstr, kRaw,                    // string
  kListpack, kQuicklist, kIntset, kHashtable, kSkiplist, kStream,  // containers
};

// As TYPE answers: "string", "list", "set", "zset", "hash", "stream".
std::string_view TypeName(Type type);
// As OBJECT ENCODING answers.
std::string_view EncodingName(Encoding encoding);

}  // namespace windlass::types
