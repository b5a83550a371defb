// Going through keys and dropping all of them: KEYS SCAN RANDOMKEY DBSIZE FLUSH*.
#include <optional>
#include <string>
#include <vector>

#include "node/base/glob.h"
#include "node/commands/key_commands.h"
#include "node/commands/ports.h"
#include "node/commands/scan_arguments.h"
#include "node/commands/transactions.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"

namespace windlass::commands {

using keyspace::Entry;
using keyspace::ExpiryMode;

namespace {

bool HidesExpired(const Call& call) { return call.db.keyspace().expiry_mode() != ExpiryMode::kIgnore; }

// Whether memory is freed later. Nothing: the reply was written.
std::optional<bool> ParseFlush(Call& call) {
  if (call.args.size() == 2 && EqualsNoCase(call.args[1], "ASYNC")) return true;
  if (call.args.size() == 2 && EqualsNoCase(call.args[1], "SYNC")) return false;
  if (call.args.size() > 1) {
    call.reply.Error(kSyntaxError);
    return std::nullopt;
  }
  return call.node.config != nullptr && call.node.config->Bool("lazyfree-lazy-user-flush");
}

}  // namespace

void KeysCommand(Call& call) {
  const std::string_view pattern = call.args[1];
  const bool all = pattern == "*";
  const bool hide = HidesExpired(call);
  std::string body;
  resp::ReplyWriter writer(&body, call.reply.protocol());
  int64_t count = 0;
  call.db.ForEachVisible([&](slot::SlotId, const Entry& entry) {
    if (hide && entry.IsExpired(call.now_ms)) return;
    if (!all && !base::GlobMatch(pattern, entry.key())) return;
    writer.Bulk(entry.key());
    ++count;
  });
  call.reply.Array(count);
  call.reply.Raw(body);
}

void ScanCommand(Call& call) {
  const auto cursor = ParseCursor(call, call.args[1]);
  if (!cursor) return;
  const auto options = ParseScan(call, 2, ScanOf::kKeys);
  if (!options) return;
  struct Key {
    slot::SlotId slot;
    std::string name;
  };
  std::vector<Key> expired;
  const bool hide = HidesExpired(call);
  std::string body;
  resp::ReplyWriter writer(&body, call.reply.protocol());
  int64_t count = 0;
  const uint64_t next =
      call.db.Scan(*cursor, static_cast<size_t>(options->count), [&](slot::SlotId slot, const Entry& entry) {
        if (options->pattern && !base::GlobMatch(*options->pattern, entry.key())) return;
        if (options->type && !EqualsNoCase(*options->type, types::TypeName(entry.type()))) return;
        if (hide && entry.IsExpired(call.now_ms)) {
          expired.push_back({slot, std::string(entry.key())});
          return;
        }
        writer.Bulk(entry.key());
        ++count;
      });
  // Where this node decides, finding deletes what is past its time.
  for (const Key& key : expired) call.db.Find(key.slot, key.name, call.now_ms);
  ReplyScan(call, next, count, body);
}

void RandomKeyCommand(Call& call) {
  // A database full of keys past their time, on a node that may not delete them:
  // after some tries any key will do.
  constexpr int kMaxHiddenTries = 100;
  std::string key;
  int hidden = 0;
  while (true) {
    slot::SlotId slot = 0;
    const Entry* entry = call.db.RandomEntry(&slot);
    if (entry == nullptr) return call.reply.Null();
    key = entry->key();
    if (call.db.Find(slot, key, call.now_ms) != nullptr) break;
    if (call.db.keyspace().expiry_mode() == ExpiryMode::kHide && ++hidden >= kMaxHiddenTries) break;
  }
  call.reply.Bulk(key);
}

void DbSizeCommand(Call& call) { call.reply.Integer(static_cast<int64_t>(call.db.visible_size())); }

void FlushDbCommand(Call& call) {
  const auto later = ParseFlush(call);
  if (!later) return;
  if (call.node.watches != nullptr) call.node.watches->BeforeFlush(call.db, nullptr, call.now_ms);
  call.db.Flush(*later);
  // Also when it was empty: a replica may hold what a master never had.
  call.effects.ForceVerbatim();
  call.reply.Ok();
}

void FlushAllCommand(Call& call) {
  const auto later = ParseFlush(call);
  if (!later) return;
  keyspace::Keyspace& keyspace = call.db.keyspace();
  for (int i = 0; call.node.watches != nullptr && i < keyspace.database_count(); ++i) {
    call.node.watches->BeforeFlush(keyspace.db(i), nullptr, call.now_ms);
  }
  keyspace.FlushAll(*later);
  call.effects.ForceVerbatim();
  call.reply.Ok();
}

}  // namespace windlass::commands
