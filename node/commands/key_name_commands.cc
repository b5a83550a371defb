// Existence, names and places of keys: DEL EXISTS TYPE RENAME COPY MOVE SWAPDB.
#include <climits>
#include <optional>
#include <string>

#include "node/commands/key_commands.h"
#include "node/commands/notify.h"
#include "node/commands/ports.h"
#include "node/commands/string_commands.h"
#include "node/commands/transactions.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"
#include "node/types/number.h"

namespace windlass::commands {

using keyspace::Database;
using keyspace::Entry;

namespace {

// DEL frees at once what UNLINK leaves to the helper thread, unless it is told to do as
// UNLINK does. Asked only of values that are more than their entry.
bool DeletesLater(const Call& call, const Entry& entry) {
  return entry.ExternalBytes() != 0 && call.node.config != nullptr && call.node.config->Bool("lazyfree-lazy-user-del");
}

void Delete(Call& call, bool unlink) {
  int64_t deleted = 0;
  for (const std::string_view key : call.args.subspan(1)) {
    // Find first: a key past its time is not deleted by this command.
    const Entry* entry = call.db.Find(call.slot, key, call.now_ms);
    if (entry == nullptr) continue;
    const bool later = unlink || DeletesLater(call, *entry);
    if (later ? !call.db.Unlink(call.slot, key) : !call.db.Erase(call.slot, key)) continue;
    Notify(call, NotifyClass::kGeneric, "del", key);
    ++deleted;
  }
  call.reply.Integer(deleted);
}

void CountExisting(Call& call, bool touch) {
  int64_t existing = 0;
  for (const std::string_view key : call.args.subspan(1)) {
    if (call.db.FindRead(call.slot, key, call.now_ms, touch) != nullptr) ++existing;
  }
  call.reply.Integer(existing);
}

void Rename(Call& call, bool only_if_free) {
  const std::string_view from = call.args[1];
  const std::string_view to = call.args[2];
  if (call.db.Find(call.slot, from, call.now_ms) == nullptr) return call.reply.Error(kNoSuchKey);
  const auto reply_done = [&](bool done) {
    if (only_if_free) {
      call.reply.Integer(done ? 1 : 0);
    } else {
      call.reply.Ok();
    }
  };
  if (from == to) return reply_done(false);
  if (call.db.Find(call.slot, to, call.now_ms) != nullptr && only_if_free) return reply_done(false);
  call.db.Move(call.slot, from, {call.db, call.slot, to});
  Notify(call, NotifyClass::kGeneric, "rename_from", from);
  Notify(call, NotifyClass::kGeneric, "rename_to", to);
  reply_done(true);
}

// A database index. Null: the reply was written.
Database* ParseDatabase(Call& call, std::string_view text) {
  const auto index = types::ParseInteger(text);
  if (!index) {
    call.reply.Error(kNotInteger);
    return nullptr;
  }
  if (*index < INT_MIN || *index > INT_MAX) {
    call.reply.Error("ERR value is out of range, value must between -2147483648 and 2147483647");
    return nullptr;
  }
  keyspace::Keyspace& keyspace = call.db.keyspace();
  if (*index < 0 || *index >= keyspace.database_count()) {
    call.reply.Error("ERR DB index is out of range");
    return nullptr;
  }
  return &keyspace.db(static_cast<int>(*index));
}

constexpr std::string_view kSameObject = "ERR source and destination objects are the same";

}  // namespace

void DelCommand(Call& call) { Delete(call, false); }
void UnlinkCommand(Call& call) { Delete(call, true); }
void ExistsCommand(Call& call) { CountExisting(call, false); }
void TouchCommand(Call& call) { CountExisting(call, true); }

void TypeCommand(Call& call) {
  const Entry* entry = call.db.FindRead(call.slot, call.args[1], call.now_ms, false);
  call.reply.Simple(entry == nullptr ? "none" : types::TypeName(entry->type()));
}

void RenameCommand(Call& call) { Rename(call, false); }
void RenameNxCommand(Call& call) { Rename(call, true); }

void CopyCommand(Call& call) {
  Database* target = &call.db;
  bool replace = false;
  for (size_t i = 3; i < call.args.size(); ++i) {
    if (EqualsNoCase(call.args[i], "REPLACE")) {
      replace = true;
    } else if (EqualsNoCase(call.args[i], "DB") && i + 1 < call.args.size()) {
      if (call.db.keyspace().cluster_mode()) {
        return call.reply.Error("ERR Copying to another database is not allowed in cluster mode");
      }
      target = ParseDatabase(call, call.args[++i]);
      if (target == nullptr) return;
    } else {
      return call.reply.Error(kSyntaxError);
    }
  }
  const std::string_view from = call.args[1];
  const std::string_view to = call.args[2];
  if (call.db.keyspace().cluster_mode() && (call.db.index() != 0 || target->index() != 0)) {
    return call.reply.Error("ERR Copying to another database is not allowed in cluster mode");
  }
  if (target == &call.db && from == to) return call.reply.Error(kSameObject);
  if (call.db.FindRead(call.slot, from, call.now_ms, Touches(call)) == nullptr) return call.reply.Integer(0);
  if (target->Find(call.slot, to, call.now_ms) != nullptr && !replace) return call.reply.Integer(0);
  call.db.Copy(call.slot, from, {*target, call.slot, to});
  NotifyIn(call, *target, NotifyClass::kGeneric, "copy_to", to);
  call.reply.Integer(1);
}

void MoveCommand(Call& call) {
  if (call.db.keyspace().cluster_mode()) return call.reply.Error("ERR MOVE is not allowed in cluster mode");
  Database* target = ParseDatabase(call, call.args[2]);
  if (target == nullptr) return;
  if (target == &call.db) return call.reply.Error(kSameObject);
  const std::string_view key = call.args[1];
  if (call.db.Find(call.slot, key, call.now_ms) == nullptr) return call.reply.Integer(0);
  if (target->Find(call.slot, key, call.now_ms) != nullptr) return call.reply.Integer(0);
  call.db.Move(call.slot, key, {*target, call.slot, key});
  Notify(call, NotifyClass::kGeneric, "move_from", key);
  NotifyIn(call, *target, NotifyClass::kGeneric, "move_to", key);
  call.reply.Integer(1);
}

void SwapDbCommand(Call& call) {
  keyspace::Keyspace& keyspace = call.db.keyspace();
  if (keyspace.cluster_mode()) return call.reply.Error("ERR SWAPDB is not allowed in cluster mode");
  const auto parse = [](std::string_view text) -> std::optional<int> {
    const auto index = types::ParseInteger(text);
    if (!index || *index < INT_MIN || *index > INT_MAX) return std::nullopt;
    return static_cast<int>(*index);
  };
  const auto first = parse(call.args[1]);
  if (!first) return call.reply.Error("ERR invalid first DB index");
  const auto second = parse(call.args[2]);
  if (!second) return call.reply.Error("ERR invalid second DB index");
  const int count = keyspace.database_count();
  if (*first < 0 || *first >= count || *second < 0 || *second >= count) {
    return call.reply.Error("ERR DB index is out of range");
  }
  if (*first == *second) {
    keyspace.AddDirty(1);
  } else {
    keyspace::Database& one = keyspace.db(*first);
    keyspace::Database& other = keyspace.db(*second);
    if (call.node.watches != nullptr) {
      call.node.watches->BeforeFlush(one, &other, call.now_ms);
      call.node.watches->BeforeFlush(other, &one, call.now_ms);
    }
    one.Swap(other);
  }
  call.reply.Ok();
}

}  // namespace windlass::commands
