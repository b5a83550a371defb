// Changing strings in place: APPEND SETRANGE, the INCR family.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "node/commands/notify.h"
#include "node/commands/string_commands.h"
#include "node/keyspace/keyspace.h"
#include "node/types/number.h"

namespace windlass::commands {

using keyspace::Entry;
using keyspace::Expiry;
using keyspace::StringForm;

namespace {

// False: the reply was written.
bool CheckLength(Call& call, uint64_t length, uint64_t more) {
  const uint64_t total = length + more;
  if (total >= length && total <= static_cast<uint64_t>(MaxStringBytes(call))) return true;
  call.reply.Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  return false;
}

// The value is written over an existing key without touching its expiry.
constexpr Expiry kKeep{keyspace::kNoExpiry, true};

std::optional<int64_t> IntegerOf(const Entry& entry) {
  if (entry.is_integer()) return entry.integer();
  return types::ParseInteger(entry.bytes());
}

void Add(Call& call, int64_t change) {
  const Entry* entry = call.db.Find(call.slot, call.args[1], call.now_ms);
  int64_t value = 0;
  if (entry != nullptr) {
    if (RefuseNonString(call, *entry)) return;
    const auto held = IntegerOf(*entry);
    if (!held) return call.reply.Error(kNotInteger);
    value = *held;
  }
  if (__builtin_add_overflow(value, change, &value)) {
    return call.reply.Error("ERR increment or decrement would overflow");
  }
  call.db.SetInteger(call.slot, call.args[1], value, kKeep);
  Notify(call, NotifyClass::kString, "incrby", call.args[1]);
  call.reply.Integer(value);
}

}  // namespace

void AppendCommand(Call& call) {
  const std::string_view key = call.args[1];
  const std::string_view suffix = call.args[2];
  const Entry* entry = call.db.Find(call.slot, key, call.now_ms);
  if (entry == nullptr) {
    call.db.SetString(call.slot, key, suffix);
    Notify(call, NotifyClass::kString, "append", key);
    return call.reply.Integer(static_cast<int64_t>(suffix.size()));
  }
  if (RefuseNonString(call, *entry)) return;
  const size_t length = entry->TextLength();
  if (!CheckLength(call, length, suffix.size())) return;
  const std::span<char> bytes = call.db.ResizeString(call.slot, key, length + suffix.size());
  if (!suffix.empty()) std::memcpy(bytes.data() + length, suffix.data(), suffix.size());
  Notify(call, NotifyClass::kString, "append", key);
  call.reply.Integer(static_cast<int64_t>(bytes.size()));
}

void SetRangeCommand(Call& call) {
  const auto offset = types::ParseInteger(call.args[2]);
  if (!offset) return call.reply.Error(kNotInteger);
  if (*offset < 0) return call.reply.Error("ERR offset is out of range");
  const std::string_view key = call.args[1];
  const std::string_view part = call.args[3];
  const Entry* entry = call.db.Find(call.slot, key, call.now_ms);
  if (entry != nullptr && RefuseNonString(call, *entry)) return;
  const size_t length = entry == nullptr ? 0 : entry->TextLength();
  if (part.empty()) return call.reply.Integer(static_cast<int64_t>(length));
  if (!CheckLength(call, static_cast<uint64_t>(*offset), part.size())) return;
  const size_t start = static_cast<size_t>(*offset);
  const std::span<char> bytes = call.db.ResizeString(call.slot, key, std::max(length, start + part.size()));
  std::memcpy(bytes.data() + start, part.data(), part.size());
  Notify(call, NotifyClass::kString, "setrange", key);
  call.reply.Integer(static_cast<int64_t>(bytes.size()));
}

void IncrCommand(Call& call) { Add(call, 1); }
void DecrCommand(Call& call) { Add(call, -1); }

void IncrByCommand(Call& call) {
  const auto change = types::ParseInteger(call.args[2]);
  if (!change) return call.reply.Error(kNotInteger);
  Add(call, *change);
}

void DecrByCommand(Call& call) {
  const auto change = types::ParseInteger(call.args[2]);
  if (!change) return call.reply.Error(kNotInteger);
  if (*change == INT64_MIN) return call.reply.Error("ERR decrement would overflow");
  Add(call, -*change);
}

void IncrByFloatCommand(Call& call) {
  const std::string_view key = call.args[1];
  const Entry* entry = call.db.Find(call.slot, key, call.now_ms);
  long double value = 0;
  if (entry != nullptr) {
    if (RefuseNonString(call, *entry)) return;
    if (entry->is_integer()) {
      value = static_cast<long double>(entry->integer());
    } else {
      const auto held = types::ParseLongDouble(entry->bytes());
      if (!held) return call.reply.Error(kNotFloat);
      value = *held;
    }
  }
  const auto change = types::ParseLongDouble(call.args[2]);
  if (!change) return call.reply.Error(kNotFloat);
  value += *change;
  if (std::isnan(value) || std::isinf(value)) {
    return call.reply.Error("ERR increment would produce NaN or Infinity");
  }
  const std::string text = types::FormatLongDouble(value);
  call.db.SetString(call.slot, key, text, kKeep, StringForm::kBytes);
  Notify(call, NotifyClass::kString, "incrbyfloat", key);
  // The sum as it was rounded here, not the addition, so that no other machine
  // comes to another result.
  call.effects.Replace({"SET", key, text, "KEEPTTL"});
  call.reply.Bulk(text);
}

}  // namespace windlass::commands
