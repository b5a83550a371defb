// Setting, asking and removing the expiry of keys.
#include <algorithm>
#include <string>

#include "node/commands/key_commands.h"
#include "node/commands/notify.h"
#include "node/commands/string_commands.h"
#include "node/keyspace/keyspace.h"
#include "node/types/number.h"

namespace windlass::commands {

using keyspace::Entry;
using keyspace::kNoExpiry;

namespace {

struct ExpireConditions {
  bool if_none = false;     // NX
  bool if_any = false;      // XX
  bool if_later = false;    // GT; no expiry counts as infinitely late
  bool if_earlier = false;  // LT
};

// Nothing: the reply was written.
std::optional<ExpireConditions> ParseConditions(Call& call) {
  ExpireConditions conditions;
  for (const std::string_view word : call.args.subspan(3)) {
    if (EqualsNoCase(word, "NX")) {
      conditions.if_none = true;
    } else if (EqualsNoCase(word, "XX")) {
      conditions.if_any = true;
    } else if (EqualsNoCase(word, "GT")) {
      conditions.if_later = true;
    } else if (EqualsNoCase(word, "LT")) {
      conditions.if_earlier = true;
    } else {
      call.reply.Error("ERR Unsupported option " + std::string(word));
      return std::nullopt;
    }
  }
  if (conditions.if_none && (conditions.if_any || conditions.if_later || conditions.if_earlier)) {
    call.reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return std::nullopt;
  }
  if (conditions.if_later && conditions.if_earlier) {
    call.reply.Error("ERR GT and LT options at the same time are not compatible");
    return std::nullopt;
  }
  return conditions;
}

bool Allows(const ExpireConditions& conditions, int64_t current_ms, int64_t at_ms) {
  const bool has_expiry = current_ms != kNoExpiry;
  if (conditions.if_none && has_expiry) return false;
  if (conditions.if_any && !has_expiry) return false;
  if (conditions.if_later && (!has_expiry || at_ms <= current_ms)) return false;
  return !(conditions.if_earlier && has_expiry && at_ms >= current_ms);
}

struct TimeForm {
  bool seconds;
  bool absolute;
};

void SetLifetime(Call& call, const TimeForm& form) {
  const auto conditions = ParseConditions(call);
  if (!conditions) return;
  const auto parsed = types::ParseInteger(call.args[2]);
  if (!parsed) return call.reply.Error(kNotInteger);
  int64_t at_ms = *parsed;
  // Negative times are allowed: such a key expires at once.
  if (form.seconds && __builtin_mul_overflow(at_ms, 1000, &at_ms)) return ReplyInvalidExpiry(call);
  if (!form.absolute && __builtin_add_overflow(at_ms, call.now_ms, &at_ms)) return ReplyInvalidExpiry(call);
  const std::string_view key = call.args[1];
  const Entry* entry = call.db.Find(call.slot, key, call.now_ms);
  if (entry == nullptr) return call.reply.Integer(0);
  if (!Allows(*conditions, entry->expire_at_ms(), at_ms)) return call.reply.Integer(0);
  if (AlreadyExpired(call, at_ms)) {
    call.db.Unlink(call.slot, key);
    Notify(call, NotifyClass::kGeneric, "del", key);
    call.effects.Replace({LoggedDeletion(call, "lazyfree-lazy-expire"), key});
  } else {
    call.db.SetExpiry(call.slot, key, at_ms);
    Notify(call, NotifyClass::kGeneric, "expire", key);
    call.effects.Replace({"PEXPIREAT", key, std::to_string(at_ms)});
  }
  call.reply.Integer(1);
}

void TellLifetime(Call& call, const TimeForm& form) {
  const Entry* entry = call.db.FindRead(call.slot, call.args[1], call.now_ms, false);
  if (entry == nullptr) return call.reply.Integer(-2);
  if (!entry->has_expiry()) return call.reply.Integer(-1);
  const int64_t at_ms = entry->expire_at_ms();
  const int64_t ms = form.absolute ? at_ms : std::max<int64_t>(at_ms - call.now_ms, 0);
  const int64_t nearest_second = ms / 1000 + (ms % 1000 >= 500 ? 1 : 0);
  call.reply.Integer(form.seconds ? nearest_second : ms);
}

}  // namespace

void ExpireCommand(Call& call) { SetLifetime(call, {.seconds = true, .absolute = false}); }
void PExpireCommand(Call& call) { SetLifetime(call, {.seconds = false, .absolute = false}); }
void ExpireAtCommand(Call& call) { SetLifetime(call, {.seconds = true, .absolute = true}); }
void PExpireAtCommand(Call& call) { SetLifetime(call, {.seconds = false, .absolute = true}); }
void TtlCommand(Call& call) { TellLifetime(call, {.seconds = true, .absolute = false}); }
void PTtlCommand(Call& call) { TellLifetime(call, {.seconds = false, .absolute = false}); }
void ExpireTimeCommand(Call& call) { TellLifetime(call, {.seconds = true, .absolute = true}); }
void PExpireTimeCommand(Call& call) { TellLifetime(call, {.seconds = false, .absolute = true}); }

void PersistCommand(Call& call) {
  if (call.db.Find(call.slot, call.args[1], call.now_ms) == nullptr) return call.reply.Integer(0);
  if (!call.db.ClearExpiry(call.slot, call.args[1])) return call.reply.Integer(0);
  Notify(call, NotifyClass::kGeneric, "persist", call.args[1]);
  call.reply.Integer(1);
}

}  // namespace windlass::commands
