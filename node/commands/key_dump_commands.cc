// DUMP and RESTORE: one key's value as bytes that another server understands.
#include <optional>
#include <string>
#include <utility>

#include "node/commands/key_commands.h"
#include "node/commands/large_dump.h"
#include "node/commands/notify.h"
#include "node/commands/string_commands.h"
#include "node/commands/ports.h"
#include "node/keyspace/keyspace.h"
#include "node/persistence/dump_payload.h"
#include "node/persistence/payload_reader.h"
#include "node/types/number.h"

namespace windlass::commands {

using keyspace::AccessClock;
using keyspace::AccessPolicy;
using keyspace::Entry;

namespace {

struct RestoreOptions {
  bool replace = false;
  bool absolute_ttl = false;
  int64_t idle_seconds = -1;
  int64_t frequency = -1;
};

// Nothing: the reply was written.
std::optional<RestoreOptions> ParseRestore(Call& call) {
  RestoreOptions options;
  for (size_t i = 4; i < call.args.size(); ++i) {
    const std::string_view word = call.args[i];
    const bool has_next = i + 1 < call.args.size();
    if (EqualsNoCase(word, "REPLACE")) {
      options.replace = true;
    } else if (EqualsNoCase(word, "ABSTTL")) {
      options.absolute_ttl = true;
    } else if (EqualsNoCase(word, "IDLETIME") && has_next && options.frequency == -1) {
      const auto idle = types::ParseInteger(call.args[++i]);
      if (!idle || *idle < 0) {
        call.reply.Error(!idle ? kNotInteger : "ERR Invalid IDLETIME value, must be >= 0");
        return std::nullopt;
      }
      options.idle_seconds = *idle;
    } else if (EqualsNoCase(word, "FREQ") && has_next && options.idle_seconds == -1) {
      const auto frequency = types::ParseInteger(call.args[++i]);
      if (!frequency || *frequency < 0 || *frequency > 255) {
        call.reply.Error(!frequency ? kNotInteger : "ERR Invalid FREQ value, must be >= 0 and <= 255");
        return std::nullopt;
      }
      options.frequency = *frequency;
    } else {
      call.reply.Error(kSyntaxError);
      return std::nullopt;
    }
  }
  return options;
}

void SetAccess(Call& call, Entry& entry, const RestoreOptions& options) {
  const AccessPolicy policy = call.db.keyspace().access_options().policy;
  if (policy == AccessPolicy::kLfu && options.frequency >= 0) {
    entry.set_access(AccessClock::FromFrequency(static_cast<uint32_t>(options.frequency), call.now_ms));
  } else if (policy == AccessPolicy::kLru && options.idle_seconds >= 0) {
    entry.set_access(AccessClock::FromIdleSeconds(options.idle_seconds, call.now_ms));
  }
}

// A large one has been read as it came.
persistence::RestoredValue ReadPayload(Call& call) {
  const std::string_view payload = call.args[3];
  const bool verify = !call.node.status.skip_checksum;
  const auto& reader = call.client.payload;
  if (reader != nullptr && reader->bytes() == payload.size()) return call.client.payload->Finish(payload, verify);
  return persistence::ParseDumpPayload(payload, verify, call.db.keyspace().limits());
}

// A relative time to live becomes a moment, for the log.
void PropagateRestore(Call& call, int64_t at_ms) {
  const std::string at = std::to_string(at_ms);
  std::vector<std::string_view> argv(call.args.begin(), call.args.end());
  argv[2] = at;
  argv.push_back("ABSTTL");
  call.effects.Replace(argv);
}

}  // namespace

void DumpCommand(Call& call) {
  const Entry* entry = call.db.FindRead(call.slot, call.args[1], call.now_ms, Touches(call));
  if (entry == nullptr) return call.reply.Null();
  if (DumpInSteps(call, *entry)) return;
  call.reply.Bulk(persistence::DumpValue(*entry));
}

void RestoreCommand(Call& call) {
  const auto options = ParseRestore(call);
  if (!options) return;
  const std::string_view key = call.args[1];
  const bool exists = call.db.Find(call.slot, key, call.now_ms) != nullptr;
  if (exists && !options->replace) return call.reply.Error("BUSYKEY Target key name already exists.");
  const auto ttl = types::ParseInteger(call.args[2]);
  if (!ttl) return call.reply.Error(kNotInteger);
  if (*ttl < 0) return call.reply.Error("ERR Invalid TTL value, must be >= 0");
  persistence::RestoredValue value = ReadPayload(call);
  if (value.fault == persistence::PayloadFault::kVersionOrChecksum) {
    return call.reply.Error("ERR DUMP payload version or checksum are wrong");
  }
  if (value.fault != persistence::PayloadFault::kNone) return call.reply.Error("ERR Bad data format");
  int64_t at_ms = keyspace::kNoExpiry;
  if (*ttl != 0) {
    at_ms = *ttl;
    // A time to live beyond all time is as good as the last moment there is.
    if (!options->absolute_ttl && __builtin_add_overflow(at_ms, call.now_ms, &at_ms)) at_ms = INT64_MAX;
    if (options->absolute_ttl && AlreadyExpired(call, at_ms)) {
      if (exists) {
        call.db.Unlink(call.slot, key);
        Notify(call, NotifyClass::kGeneric, "del", key);
        call.effects.Replace({LoggedDeletion(call, "lazyfree-lazy-server-del"), key});
      }
      return call.reply.Ok();
    }
  }
  // For those who listen, what is replaced is deleted first.
  if (exists) Notify(call, NotifyClass::kNew, "new", key);
  const keyspace::Expiry expiry{at_ms, false};
  Entry* entry = value.object != nullptr ? call.db.SetObject(call.slot, key, std::move(value.object), expiry)
                 : value.blob != nullptr ? call.db.SetBlob(call.slot, key, std::move(value.blob), expiry)
                                         : call.db.SetString(call.slot, key, value.text(), expiry);
  SetAccess(call, *entry, *options);
  Notify(call, NotifyClass::kGeneric, "restore", key);
  if (*ttl != 0 && !options->absolute_ttl) PropagateRestore(call, at_ms);
  call.reply.Ok();
}

}  // namespace windlass::commands
