// Where the keys are in commands that have them in an unusual order: for KeySpec::find.
#pragma once

#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/command.h"
#include "node/types/number.h"

namespace windlass::commands {

// How many keys there are, of at most `most`; 0: that is no such number. Where the commands
// themselves refuse "+1" and " 1", who asks for their keys is still told of one.
inline int KeyCount(std::string_view text, size_t most) {
  const auto fits = [most](int64_t count) { return count >= 1 && static_cast<uint64_t>(count) <= most; };
  if (const auto count = types::ParseInteger(text); count && fits(*count)) return static_cast<int>(*count);
  const int loose = static_cast<int>(std::strtol(std::string(text).c_str(), nullptr, 10));
  return fits(loose) ? loose : 0;
}

// args[Index] is a count, and so many keys that are read follow.
template <int Index, uint16_t Flags = kKeyRO | kKeyAccess>
bool KeysByCount(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  const int count = args.size() > Index ? KeyCount(args[Index], args.size() - Index - 1) : 0;
  for (int i = 1; i <= count; ++i) out->push_back({Index + i, Flags});
  return count > 0;
}

// args[1] is taken from, args[2] put to.
inline bool MoveKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  if (args.size() < 3) return false;
  out->push_back({1, kKeyRW | kKeyAccess | kKeyDelete});
  out->push_back({2, kKeyRW | kKeyInsert});
  return true;
}

// args[1] is the target, all that follow are read.
template <uint16_t TargetFlags>
bool StoreKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  if (args.size() < 3) return false;
  out->push_back({1, TargetFlags});
  for (int i = 2; i < static_cast<int>(args.size()); ++i) out->push_back({i, kKeyRO | kKeyAccess});
  return true;
}

// args[1] is the target, args[2] a count, and so many keys that are read follow.
inline bool StoreKeysByCount(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  if (args.size() < 4) return false;
  const bool found = KeysByCount<2>(args, out);
  // The target is named first, but behind the keys of a count that is none.
  out->insert(types::ParseInteger(args[2]) ? out->begin() : out->end(), {1, kKeyOW | kKeyUpdate});
  return found;
}

}  // namespace windlass::commands
