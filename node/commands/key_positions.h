// Where the keys are in commands that have them in an unusual order: for KeySpec::find.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "node/commands/command.h"
#include "node/types/number.h"

namespace windlass::commands {

// args[Index] is a count, and so many keys that are read follow.
template <int Index, uint16_t Flags = kKeyRO | kKeyAccess>
bool KeysByCount(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  const auto count = args.size() > Index ? types::ParseInteger(args[Index]) : std::nullopt;
  if (!count || *count < 1 || *count > static_cast<int64_t>(args.size()) - Index - 1) return false;
  for (int i = 1; i <= *count; ++i) out->push_back({Index + i, Flags});
  return true;
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
  out->push_back({1, kKeyOW | kKeyUpdate});
  return KeysByCount<2>(args, out);
}

}  // namespace windlass::commands
