// MULTI, EXEC, DISCARD, WATCH, UNWATCH.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "node/client/registry.h"
#include "node/commands/access.h"
#include "node/commands/command_table.h"
#include "node/commands/families.h"
#include "node/commands/ports.h"
#include "node/commands/transactions.h"
#include "node/keyspace/keyspace.h"

namespace windlass::commands {

// --- who watches what

std::string WatchTable::Id(int db, std::string_view key) {
  std::string id(reinterpret_cast<const char*>(&db), sizeof db);
  return id.append(key);
}

namespace {

const keyspace::Entry* Peek(const keyspace::Database& db, std::string_view key) {
  return db.Peek(db.slotted() ? slot::KeySlot(key) : slot::SlotId{0}, key);
}

}  // namespace

void WatchTable::Watch(client::Client& client, const keyspace::Database& db, std::string_view key, int64_t now_ms) {
  if (client.transaction == nullptr) client.transaction = std::make_unique<client::Transaction>();
  for (const client::WatchedKey& watched : client.transaction->watched) {
    if (watched.db == db.index() && watched.key == key) return;
  }
  client.transaction->watched.push_back({db.index(), std::string(key)});
  const keyspace::Entry* entry = Peek(db, key);
  watchers_[Id(db.index(), key)].push_back({client.id, entry != nullptr && entry->IsExpired(now_ms)});
}

void WatchTable::Unwatch(client::Client& client) {
  if (client.transaction == nullptr) return;
  for (const client::WatchedKey& watched : client.transaction->watched) {
    const auto it = watchers_.find(Id(watched.db, watched.key));
    if (it == watchers_.end()) continue;
    std::erase_if(it->second, [&](const Watcher& watcher) { return watcher.client_id == client.id; });
    if (it->second.empty()) watchers_.erase(it);
  }
  client.transaction->watched.clear();
}

bool WatchTable::AnyExpired(const client::Client& client, keyspace::Keyspace& keyspace, int64_t now_ms) const {
  for (const client::WatchedKey& watched : client.transaction->watched) {
    const keyspace::Entry* entry = Peek(keyspace.db(watched.db), watched.key);
    if (entry == nullptr || !entry->IsExpired(now_ms)) continue;
    for (const Watcher& watcher : watchers_.at(Id(watched.db, watched.key))) {
      if (watcher.client_id == client.id && !watcher.expired) return true;
    }
  }
  return false;
}

void WatchTable::MarkChanged(const Watcher& watcher) {
  if (client::Client* client = clients_->Find(watcher.client_id)) client->Set(client::kDirtyCas);
}

void WatchTable::AfterChange(keyspace::Database& db, slot::SlotId slot, std::string_view key) {
  if (watchers_.empty()) return;
  const auto it = watchers_.find(Id(db.index(), key));
  if (it == watchers_.end()) return;
  for (Watcher& watcher : it->second) {
    if (watcher.expired && db.Peek(slot, key) == nullptr) {
      watcher.expired = false;  // it was deleted for that: nothing changed
    } else {
      MarkChanged(watcher);
    }
  }
}

void WatchTable::BeforeFlush(const keyspace::Database& db, const keyspace::Database* successor, int64_t now_ms) {
  told_.push_back(db.index());
  for (auto& [id, watchers] : watchers_) {
    int index;
    std::copy_n(id.data(), sizeof index, reinterpret_cast<char*>(&index));
    if (index != db.index()) continue;
    const std::string_view key = std::string_view(id).substr(sizeof index);
    const bool present = Peek(db, key) != nullptr;
    const keyspace::Entry* next = successor == nullptr ? nullptr : Peek(*successor, key);
    const bool next_expired = next != nullptr && next->IsExpired(now_ms);
    for (Watcher& watcher : watchers) {
      if ((watcher.expired || !present) && (next == nullptr || next_expired)) {
        watcher.expired = next_expired;
      } else {
        MarkChanged(watcher);
      }
    }
  }
}

void WatchTable::AfterFlush(keyspace::Database& db) {
  if (const auto told = std::find(told_.begin(), told_.end(), db.index()); told != told_.end()) {
    told_.erase(told);
    return;
  }
  for (const auto& [id, watchers] : watchers_) {
    int index;
    std::copy_n(id.data(), sizeof index, reinterpret_cast<char*>(&index));
    if (index == db.index()) std::for_each(watchers.begin(), watchers.end(), [this](const Watcher& w) { MarkChanged(w); });
  }
}

void ForgetTransaction(Node& node, client::Client& client) {
  if (client.transaction != nullptr) node.watches->Unwatch(client);
  client.transaction.reset();
  client.Clear(client::kMulti | client::kDirtyExec | client::kDirtyCas);
}

namespace {

void Multi(Call& call) {
  if (call.client.Has(client::kMulti)) return call.reply.Error("ERR MULTI calls can not be nested");
  if (call.client.transaction == nullptr) call.client.transaction = std::make_unique<client::Transaction>();
  call.client.Set(client::kMulti);
  call.reply.Ok();
}

void Discard(Call& call) {
  if (!call.client.Has(client::kMulti)) return call.reply.Error("ERR DISCARD without MULTI");
  ForgetTransaction(call.node, call.client);
  call.reply.Ok();
}

// The rules may have changed since the command was queued.
bool RefusedMeanwhile(Call& call, std::span<const std::string_view> args) {
  const CommandSpec* spec = call.node.commands->Resolve(args);
  if (spec == nullptr) return false;
  const acl::Verdict verdict = MayRun(call.node, call.client, *spec, args, acl::DenialContext::kMulti);
  std::string_view reason;
  switch (verdict.denial) {
    case acl::Denial::kNone: return false;
    case acl::Denial::kCommand: reason = "no permission to execute the command or subcommand"; break;
    case acl::Denial::kKey: reason = "no permission to touch the specified keys"; break;
    case acl::Denial::kChannel:
      reason = "no permission to access one of the channels used as arguments to the command";
      break;
    default: reason = "no permission"; break;
  }
  call.reply.Error(
      "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is "
      "no longer allowed for the following reason: " + std::string(reason));
  return true;
}

void Exec(Call& call) {
  client::Client& client = call.client;
  if (!client.Has(client::kMulti)) return call.reply.Error("ERR EXEC without MULTI");
  if (client.Has(client::kDirtyExec)) {
    ForgetTransaction(call.node, client);
    return call.reply.Error("EXECABORT Transaction discarded because of previous errors.");
  }
  if (client.Has(client::kDirtyCas) ||
      call.node.watches->AnyExpired(client, *call.node.keyspace, call.now_ms)) {
    ForgetTransaction(call.node, client);
    return call.reply.NullArray();
  }
  const std::unique_ptr<client::Transaction> transaction = std::move(client.transaction);
  client.transaction = std::make_unique<client::Transaction>();
  client.transaction->watched = transaction->watched;
  ForgetTransaction(call.node, client);
  call.effects.Suppress();
  client.Set(client::kDenyBlocking);
  call.reply.Array(static_cast<int64_t>(transaction->commands.size()));
  std::vector<std::string_view> args;
  for (const client::QueuedCommand& command : transaction->commands) {
    args.assign(command.args.begin(), command.args.end());
    if (client.Has(client::kRestricted) && RefusedMeanwhile(call, args)) continue;
    call.node.executor->Execute(client, args);
  }
  client.Clear(client::kDenyBlocking);
}

void Watch(Call& call) {
  if (call.client.Has(client::kMulti)) return call.reply.Error("ERR WATCH inside MULTI is not allowed");
  if (!call.client.Has(client::kDirtyCas)) {
    for (const std::string_view key : call.args.subspan(1)) {
      call.node.watches->Watch(call.client, call.db, key, call.now_ms);
    }
  }
  call.reply.Ok();
}

void Unwatch(Call& call) {
  if (call.client.transaction != nullptr) {
    call.node.watches->Unwatch(call.client);
    call.client.transaction.reset();
  }
  call.client.Clear(client::kDirtyCas);
  call.reply.Ok();
}

constexpr uint64_t kControl = kNoScript | kLoading | kStale | kFast | kAllowBusy;

const CommandSpec kSpecs[] = {
    {"multi", 1, kControl, {}, kAclTransaction, {"Starts a transaction.", "1.2.0", "transactions", "O(1)"}, Multi},
    {"exec", 1, kNoScript | kLoading | kStale | kSkipSlowlog | kRunsCommands, {}, kAclTransaction,
     {"Executes all commands in a transaction.", "1.2.0", "transactions", "Depends on commands in the transaction"}, Exec},
    {"discard", 1, kControl, {}, kAclTransaction,
     {"Discards a transaction.", "2.0.0", "transactions", "O(N), when N is the number of queued commands"}, Discard},
    {"watch", -2, kControl, {1, -1, 1, kKeyRO}, kAclTransaction,
     {"Monitors changes to keys to determine the execution of a transaction.", "2.2.0", "transactions", "O(1) for every key."},
     Watch},
    {"unwatch", 1, kControl, {}, kAclTransaction,
     {"Forgets about watched keys of a transaction.", "2.2.0", "transactions", "O(1)"}, Unwatch},
};

}  // namespace

std::span<const CommandSpec> TransactionCommands() { return kSpecs; }

}  // namespace windlass::commands
