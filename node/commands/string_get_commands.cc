// Reading strings: GET GETEX GETDEL MGET STRLEN GETRANGE.
#include <algorithm>
#include <array>
#include <string>

#include "node/commands/notify.h"
#include "node/commands/string_commands.h"
#include "node/keyspace/keyspace.h"
#include "node/types/number.h"

namespace windlass::commands {

using keyspace::Entry;

namespace {

// The string at args[1], or null: the reply (null or WRONGTYPE) was written.
Entry* StringOrReply(Call& call) {
  Entry* entry = call.db.FindRead(call.slot, call.args[1], call.now_ms, Touches(call));
  if (entry == nullptr) {
    call.reply.Null();
    return nullptr;
  }
  return RefuseNonString(call, *entry) ? nullptr : entry;
}

struct GetExOptions {
  bool persist = false;
  std::optional<ExpiryArgument> expiry;
};

std::optional<GetExOptions> ParseGetEx(std::span<const std::string_view> args) {
  GetExOptions options;
  for (size_t i = 2; i < args.size(); ++i) {
    if (EqualsNoCase(args[i], "PERSIST") && !options.expiry) {
      options.persist = true;
    } else if (options.persist || !TakeExpiryOption(args, &i, &options.expiry)) {
      return std::nullopt;
    }
  }
  return options;
}

}  // namespace

void GetCommand(Call& call) {
  if (const Entry* entry = StringOrReply(call)) ReplyString(call, *entry);
}

void GetExCommand(Call& call) {
  const auto options = ParseGetEx(call.args);
  if (!options) return call.reply.Error(kSyntaxError);
  const Entry* entry = StringOrReply(call);
  if (entry == nullptr) return;
  const std::string_view key = call.args[1];
  if (options->persist) {
    ReplyString(call, *entry);
    if (!call.db.ClearExpiry(call.slot, key)) return;
    Notify(call, NotifyClass::kGeneric, "persist", key);
    call.effects.Replace({"PERSIST", key});
    return;
  }
  if (!options->expiry) return ReplyString(call, *entry);
  const auto at_ms = ExpiryTime(call, *options->expiry);
  if (!at_ms) return;
  ReplyString(call, *entry);
  if (options->expiry->absolute && AlreadyExpired(call, *at_ms)) {
    call.db.Unlink(call.slot, key);
    Notify(call, NotifyClass::kGeneric, "del", key);
    call.effects.Replace({LoggedDeletion(call, "lazyfree-lazy-expire"), key});
    return;
  }
  call.db.SetExpiry(call.slot, key, *at_ms);
  Notify(call, NotifyClass::kGeneric, "expire", key);
  call.effects.Replace({"PEXPIREAT", key, std::to_string(*at_ms)});
}

void GetDelCommand(Call& call) {
  const Entry* entry = StringOrReply(call);
  if (entry == nullptr) return;
  ReplyString(call, *entry);
  call.db.Unlink(call.slot, call.args[1]);
  Notify(call, NotifyClass::kGeneric, "del", call.args[1]);
  call.effects.Replace({"DEL", call.args[1]});
}

void MGetCommand(Call& call) {
  // Misses of several keys overlap: buckets first, then entries, then the work.
  constexpr size_t kBatch = 16;
  call.reply.Array(static_cast<int64_t>(call.args.size() - 1));
  for (size_t first = 1; first < call.args.size(); first += kBatch) {
    const size_t end = std::min(first + kBatch, call.args.size());
    if (end - first > 1) {
      std::array<keyspace::Database::Prefetched, kBatch> keys;
      for (size_t i = first; i < end; ++i) keys[i - first] = call.db.PrefetchBucket(call.slot, call.args[i]);
      for (size_t i = 0; i < end - first; ++i) call.db.PrefetchEntry(keys[i]);
    }
    for (size_t i = first; i < end; ++i) {
      const Entry* entry = call.db.FindRead(call.slot, call.args[i], call.now_ms, Touches(call));
      if (entry == nullptr || entry->type() != types::Type::kString) {
        call.reply.Null();
      } else {
        ReplyString(call, *entry);
      }
    }
  }
}

void StrLenCommand(Call& call) {
  const Entry* entry = call.db.FindRead(call.slot, call.args[1], call.now_ms, Touches(call));
  if (entry == nullptr) return call.reply.Integer(0);
  if (RefuseNonString(call, *entry)) return;
  call.reply.Integer(static_cast<int64_t>(entry->TextLength()));
}

void GetRangeCommand(Call& call) {
  const auto start = types::ParseInteger(call.args[2]);
  const auto end = types::ParseInteger(call.args[3]);
  if (!start || !end) return call.reply.Error(kNotInteger);
  const Entry* entry = call.db.FindRead(call.slot, call.args[1], call.now_ms, Touches(call));
  if (entry == nullptr) return call.reply.Bulk("");
  if (RefuseNonString(call, *entry)) return;
  char digits[types::kMaxIntegerDigits];
  const std::string_view text = entry->Text(digits);
  const int64_t length = static_cast<int64_t>(text.size());
  if (*start < 0 && *end < 0 && *start > *end) return call.reply.Bulk("");
  const int64_t from = std::max<int64_t>(*start < 0 ? *start + length : *start, 0);
  int64_t to = std::max<int64_t>(*end < 0 ? *end + length : *end, 0);
  to = std::min(to, length - 1);
  if (length == 0 || from > to) return call.reply.Bulk("");
  call.reply.Bulk(text.substr(static_cast<size_t>(from), static_cast<size_t>(to - from + 1)));
}

}  // namespace windlass::commands
