// Writing whole strings: SET and its older forms, MSET.
#include <string>

#include "node/commands/notify.h"
#include "node/commands/string_commands.h"
#include "node/keyspace/keyspace.h"

namespace windlass::commands {

using keyspace::Entry;
using keyspace::Expiry;

namespace {

struct SetOptions {
  enum class Condition { kNone, kIfAbsent, kIfPresent };
  Condition condition = Condition::kNone;
  bool get = false;
  bool keep_ttl = false;
  std::optional<ExpiryArgument> expiry;
};

std::optional<SetOptions> ParseSet(std::span<const std::string_view> args) {
  using Condition = SetOptions::Condition;
  SetOptions options;
  for (size_t i = 3; i < args.size(); ++i) {
    const std::string_view word = args[i];
    if (EqualsNoCase(word, "NX") && options.condition != Condition::kIfPresent) {
      options.condition = Condition::kIfAbsent;
    } else if (EqualsNoCase(word, "XX") && options.condition != Condition::kIfAbsent) {
      options.condition = Condition::kIfPresent;
    } else if (EqualsNoCase(word, "GET")) {
      options.get = true;
    } else if (EqualsNoCase(word, "KEEPTTL") && !options.expiry) {
      options.keep_ttl = true;
    } else if (options.keep_ttl || !TakeExpiryOption(args, &i, &options.expiry)) {
      return std::nullopt;
    }
  }
  return options;
}

// What goes to the log: absolute time instead of relative, no condition that was
// met, no GET.
void PropagateSet(Call& call, const SetOptions& options, int64_t at_ms) {
  if (options.expiry) {
    call.effects.Replace({"SET", call.args[1], call.args[2], "PXAT", std::to_string(at_ms)});
  } else if (options.get) {
    std::vector<std::string_view> argv;
    for (size_t i = 0; i < call.args.size(); ++i) {
      if (i < 3 || !EqualsNoCase(call.args[i], "GET")) argv.push_back(call.args[i]);
    }
    call.effects.Replace(argv);
  }
}

void SetWithOptions(Call& call) {
  const auto options = ParseSet(call.args);
  if (!options) return call.reply.Error(kSyntaxError);
  const std::string_view key = call.args[1];
  int64_t at_ms = keyspace::kNoExpiry;
  if (options->expiry) {
    const auto parsed = ExpiryTime(call, *options->expiry);
    if (!parsed) return;
    at_ms = *parsed;
  }
  const Entry* entry = options->get ? call.db.FindRead(call.slot, key, call.now_ms, Touches(call))
                                    : call.db.Find(call.slot, key, call.now_ms);
  if (options->get) {
    if (entry == nullptr) {
      call.reply.Null();
    } else if (RefuseNonString(call, *entry)) {
      return;
    } else {
      ReplyString(call, *entry);
    }
  }
  const auto refused_if = entry != nullptr ? SetOptions::Condition::kIfAbsent : SetOptions::Condition::kIfPresent;
  if (options->condition == refused_if) {
    if (!options->get) call.reply.Null();
    return;
  }
  call.db.SetString(call.slot, key, call.args[2], Expiry{at_ms, options->keep_ttl});
  Notify(call, NotifyClass::kString, "set", key);
  if (options->expiry) Notify(call, NotifyClass::kGeneric, "expire", key);
  PropagateSet(call, *options, at_ms);
  if (!options->get) call.reply.Ok();
}

void SetWithLifetime(Call& call, bool seconds) {
  const auto at_ms = ExpiryTime(call, {call.args[2], seconds, false});
  if (!at_ms) return;
  call.db.SetString(call.slot, call.args[1], call.args[3], Expiry{*at_ms, false});
  Notify(call, NotifyClass::kString, "set", call.args[1]);
  Notify(call, NotifyClass::kGeneric, "expire", call.args[1]);
  call.effects.Replace({"SET", call.args[1], call.args[3], "PXAT", std::to_string(*at_ms)});
  call.reply.Ok();
}

// False: the reply was written.
bool CheckPairs(Call& call) {
  if (call.args.size() % 2 == 1) return true;
  call.reply.Error("ERR wrong number of arguments for '" + std::string(call.spec.name) + "' command");
  return false;
}

void SetPairs(Call& call) {
  for (size_t i = 1; i + 1 < call.args.size(); i += 2) {
    call.db.SetString(call.slot, call.args[i], call.args[i + 1]);
    Notify(call, NotifyClass::kString, "set", call.args[i]);
  }
}

}  // namespace

void SetCommand(Call& call) {
  if (call.args.size() > 3) return SetWithOptions(call);
  call.db.SetString(call.slot, call.args[1], call.args[2]);
  Notify(call, NotifyClass::kString, "set", call.args[1]);
  call.reply.Ok();
}

void SetNxCommand(Call& call) {
  if (call.db.Find(call.slot, call.args[1], call.now_ms) != nullptr) return call.reply.Integer(0);
  call.db.SetString(call.slot, call.args[1], call.args[2]);
  Notify(call, NotifyClass::kString, "set", call.args[1]);
  call.reply.Integer(1);
}

void SetExCommand(Call& call) { SetWithLifetime(call, true); }
void PSetExCommand(Call& call) { SetWithLifetime(call, false); }

void GetSetCommand(Call& call) {
  const Entry* entry = call.db.FindRead(call.slot, call.args[1], call.now_ms, Touches(call));
  if (entry == nullptr) {
    call.reply.Null();
  } else if (RefuseNonString(call, *entry)) {
    return;
  } else {
    ReplyString(call, *entry);
  }
  call.db.SetString(call.slot, call.args[1], call.args[2]);
  Notify(call, NotifyClass::kString, "set", call.args[1]);
  call.effects.Replace({"SET", call.args[1], call.args[2]});
}

void MSetCommand(Call& call) {
  if (!CheckPairs(call)) return;
  SetPairs(call);
  call.reply.Ok();
}

void MSetNxCommand(Call& call) {
  if (!CheckPairs(call)) return;
  for (size_t i = 1; i < call.args.size(); i += 2) {
    if (call.db.Find(call.slot, call.args[i], call.now_ms) != nullptr) return call.reply.Integer(0);
  }
  SetPairs(call);
  call.reply.Integer(1);
}

}  // namespace windlass::commands
