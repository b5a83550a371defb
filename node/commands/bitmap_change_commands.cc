// Changing bits: SETBIT in place, BITOP into a new string.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "node/commands/bitmap_commands.h"
#include "node/commands/containers.h"
#include "node/commands/string_commands.h"
#include "node/keyspace/keyspace.h"
#include "node/types/bits.h"
#include "node/types/number.h"

namespace windlass::commands {

using keyspace::Entry;

void SetBitCommand(Call& call) {
  const auto offset = BitOffset(call, call.args[2]);
  if (!offset) return;
  const auto value = types::ParseInteger(call.args[3]);
  if (!value || (*value != 0 && *value != 1)) return call.reply.Error("ERR bit is not an integer or out of range");
  const Entry* entry = call.db.Find(call.slot, call.args[1], call.now_ms);
  if (entry != nullptr && RefuseNonString(call, *entry)) return;
  const size_t bit = static_cast<size_t>(*offset);
  char digits[types::kMaxIntegerDigits];
  const std::string_view text = entry == nullptr ? std::string_view() : entry->Text(digits);
  const bool before = types::BitAt(text, bit);
  call.reply.Integer(before ? 1 : 0);
  // Nothing changes, unless the string grows or takes the form of bytes; of the latter
  // nobody is told.
  const bool same = bit / 8 < text.size() && before == (*value == 1);
  if (same && entry->encoding() == types::Encoding::kRaw) return;
  const std::span<char> bytes = call.db.ResizeString(call.slot, call.args[1], std::max(text.size(), bit / 8 + 1));
  const uint8_t mask = static_cast<uint8_t>(0x80 >> bit % 8);
  char& byte = bytes[bit / 8];
  byte = static_cast<char>(*value == 1 ? byte | mask : byte & ~mask);
  if (!same) Notify(call, NotifyClass::kString, "setbit", call.args[1]);
}

namespace {

std::optional<types::BitOperation> ParseOperation(std::string_view word) {
  if (EqualsNoCase(word, "AND")) return types::BitOperation::kAnd;
  if (EqualsNoCase(word, "OR")) return types::BitOperation::kOr;
  if (EqualsNoCase(word, "XOR")) return types::BitOperation::kXor;
  if (EqualsNoCase(word, "NOT")) return types::BitOperation::kNot;
  return std::nullopt;
}

using Digits = char[types::kMaxIntegerDigits];

// What is combined; absent keys are empty. `digits` holds those that are numbers.
bool FindSources(Call& call, std::vector<std::string_view>* sources, Digits* digits) {
  for (const std::string_view key : call.args.subspan(3)) {
    const Entry* entry = call.db.FindRead(call.slot, key, call.now_ms, Touches(call));
    if (entry != nullptr && RefuseNonString(call, *entry)) return false;
    sources->push_back(entry == nullptr ? std::string_view() : entry->Text(digits[sources->size()]));
  }
  return true;
}

// The bytes of the target, which becomes a string without expiry.
std::span<char> FreshString(Call& call, std::string_view key, size_t length) {
  const Entry* entry = call.db.Find(call.slot, key, call.now_ms);
  if (entry != nullptr && entry->type() != types::Type::kString) {
    call.db.Unlink(call.slot, key);
  } else if (entry != nullptr && entry->has_expiry()) {
    call.db.ClearExpiry(call.slot, key);
  }
  return call.db.ResizeString(call.slot, key, length);
}

}  // namespace

void BitOpCommand(Call& call) {
  const auto operation = ParseOperation(call.args[1]);
  if (!operation) return call.reply.Error(kSyntaxError);
  if (*operation == types::BitOperation::kNot && call.args.size() != 4) {
    return call.reply.Error("ERR BITOP NOT must be called with a single source key.");
  }
  std::vector<std::string_view> sources;
  const std::unique_ptr<Digits[]> digits(new Digits[call.args.size() - 3]);
  if (!FindSources(call, &sources, digits.get())) return;
  size_t longest = 0;
  for (const std::string_view source : sources) longest = std::max(longest, source.size());
  const std::string_view target = call.args[2];
  if (longest == 0) {
    if (call.db.Find(call.slot, target, call.now_ms) != nullptr) DeleteKey(call, target);
    return call.reply.Integer(0);
  }
  const auto keys = call.args.subspan(3);
  if (std::find(keys.begin(), keys.end(), target) == keys.end()) {
    types::CombineBits(*operation, sources, FreshString(call, target, longest));
  } else {
    std::string result(longest, '\0');
    types::CombineBits(*operation, sources, result);
    std::memcpy(FreshString(call, target, longest).data(), result.data(), longest);
  }
  Notify(call, NotifyClass::kString, "set", target);
  call.reply.Integer(static_cast<int64_t>(longest));
}

}  // namespace windlass::commands
