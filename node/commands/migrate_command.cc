// MIGRATE: copies keys to another node and deletes them here when it has them.
//
// The client waits, the loop does not. While the copy is on its way writes to its
// keys are held back by admission (migration::MovingKeys) and reads are served, so
// the value that is deleted here is the value that arrived there. A large value is
// read in steps as it is sent. What changes a key all the same (FLUSHALL, expiry) is
// noticed: then the key stays. Two nodes that migrate to each other do not wait for
// each other: each still serves.
#include <algorithm>
#include <memory>
#include <string>

#include "node/commands/cluster_port.h"
#include "node/commands/internal_command.h"
#include "node/commands/migrate_command.h"
#include "node/commands/ports.h"
#include "node/keyspace/keyspace.h"
#include "node/migration/migrator.h"
#include "node/migration/moving_keys.h"
#include "node/persistence/dump_payload.h"
#include "node/persistence/dump_stream.h"
#include "node/persistence/value_writer.h"
#include "node/types/number.h"

namespace windlass::commands {
namespace {

constexpr int64_t kDefaultTimeoutMs = 1000;
constexpr int kKeyArgument = 3;
constexpr size_t kFirstOption = 6;

struct Request {
  migration::Transfer transfer;  // all but its items
  std::vector<std::string_view> keys;
  bool copy = false;
};

// Where KEYS stands, or 0. Options with arguments are stepped over: a password
// may be "keys".
size_t FindKeysOption(std::span<const std::string_view> args) {
  for (size_t i = kFirstOption; i < args.size(); ++i) {
    if (EqualsNoCase(args[i], "auth")) {
      i += 1;
    } else if (EqualsNoCase(args[i], "auth2")) {
      i += 2;
    } else if (EqualsNoCase(args[i], "keys")) {
      return i;
    }
  }
  return 0;
}

bool FindMigrateKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  const uint16_t flags = kKeyRW | kKeyAccess | kKeyDelete;
  if (args.size() <= kKeyArgument) return false;
  const size_t keys_option = FindKeysOption(args);
  if (keys_option != 0 && !args[kKeyArgument].empty()) return false;
  if (keys_option == 0) {
    out->push_back({kKeyArgument, flags});
    return true;
  }
  for (size_t i = keys_option + 1; i < args.size(); ++i) out->push_back({static_cast<int>(i), flags});
  return true;
}

// False: the error was replied.
bool ParseOptions(Call& call, Request* request) {
  const auto& args = call.args;
  const auto refuse = [&call](std::string_view text) {
    call.reply.Error(text);
    return false;
  };
  migration::Transfer& transfer = request->transfer;
  for (size_t i = kFirstOption; i < args.size(); ++i) {
    const size_t left = args.size() - 1 - i;
    if (EqualsNoCase(args[i], "copy")) {
      request->copy = true;
    } else if (EqualsNoCase(args[i], "replace")) {
      transfer.replace = true;
    } else if (EqualsNoCase(args[i], "auth")) {
      if (left < 1) return refuse(kSyntaxError);
      transfer.target.user.clear();
      transfer.target.password = std::string(args[++i]);
    } else if (EqualsNoCase(args[i], "auth2")) {
      if (left < 2) return refuse(kSyntaxError);
      transfer.target.user = std::string(args[++i]);
      transfer.target.password = std::string(args[++i]);
    } else if (EqualsNoCase(args[i], "keys")) {
      if (!args[kKeyArgument].empty()) {
        return refuse(
            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
      }
      request->keys.assign(args.begin() + static_cast<std::ptrdiff_t>(i) + 1, args.end());
      return true;
    } else {
      return refuse(kSyntaxError);
    }
  }
  request->keys.push_back(args[kKeyArgument]);
  return true;
}

bool ParseRequest(Call& call, Request* request) {
  if (!ParseOptions(call, request)) return false;
  migration::Transfer& transfer = request->transfer;
  int64_t port = 0;
  int64_t db = 0;
  if (!ParseInt64(call.args[5], &transfer.timeout_ms) || !ParseInt64(call.args[4], &db)) {
    call.reply.Error(kNotInteger);
    return false;
  }
  if (transfer.timeout_ms <= 0) transfer.timeout_ms = kDefaultTimeoutMs;
  transfer.target.host = call.args[1];
  if (!ParseInt64(call.args[2], &port) || port < 1 || port > 65535) {
    call.reply.Error("ERR Invalid TCP port specified: " + std::string(call.args[2]));
    return false;
  }
  transfer.target.port = static_cast<int>(port);
  transfer.target.db = static_cast<int>(db);
  transfer.asking = call.node.cluster != nullptr;
  return true;
}

// Copies the values of the keys that are here, each once; large ones are only opened.
void CollectItems(Call& call, Request* request) {
  for (const std::string_view key : request->keys) {
    const keyspace::Entry* entry = call.db.Find(call.slot, key, call.now_ms);
    if (entry == nullptr || !call.node.moving_keys->Add(call.db.index(), key)) continue;
    migration::Item item;
    item.key = key;
    if (entry->has_expiry()) {
      item.ttl_ms = std::max<int64_t>(1, entry->expire_at_ms() - call.now_ms);
    }
    if (persistence::ValueWriter::Cuts(*entry)) {
      item.stream = std::make_shared<persistence::DumpStream>(*entry);
      call.node.moving_keys->ReadBy(call.db.index(), key, item.stream);
    } else {
      item.payload = persistence::DumpValue(*entry);
    }
    request->transfer.items.push_back(std::move(item));
  }
}

// One MIGRATE under way; outlives its client.
struct Move {
  Node* node;
  int db = 0;
  uint64_t client_id = 0;
  bool copy = false;
  bool client_waits = true;
  std::vector<std::string> keys;  // in the order of the transfer's items
  std::string error;
};

bool IsHere(const Move& move, const std::string& key) {
  const keyspace::Keyspace& keyspace = *move.node->keyspace;
  return keyspace.db(move.db).Peek(keyspace.cluster_mode() ? slot::KeySlot(key) : slot::SlotId{0}, key) != nullptr;
}

// What has changed since it was copied stays, for it is newer than what arrived there.
void DeleteDelivered(Move& move, const std::vector<bool>& delivered, const std::vector<bool>& changed) {
  std::vector<std::string_view> args{"DEL"};
  for (size_t i = 0; i < move.keys.size(); ++i) {
    if (!delivered[i]) continue;
    if (!changed[i]) {
      args.push_back(move.keys[i]);
    } else if (move.error.empty() && IsHere(move, move.keys[i])) {
      move.error = "ERR A key changed while it was copied, and was not deleted here";
    }
  }
  if (args.size() > 1) RunInternally(*move.node, move.db, args);
}

void FinishMove(Move& move, migration::TransferOutcome outcome) {
  std::vector<bool> changed;
  for (const std::string& key : move.keys) changed.push_back(move.node->moving_keys->Remove(move.db, key));
  move.error = std::move(outcome.error);
  if (!move.copy && move.node->status.is_replica) {
    // Writes were paused for a failover: another is the master now and still has them.
    move.error = "READONLY The keys were copied but not deleted here: this node was demoted meanwhile";
  } else if (!move.copy) {
    DeleteDelivered(move, outcome.delivered, changed);
  }
  if (move.client_waits) move.node->blocker->Wake(move.client_id);
  ResumeHeldClients(*move.node);
}

void StartMove(Call& call, Request request) {
  auto move = std::make_shared<Move>();
  move->node = &call.node;
  move->db = call.db.index();
  move->client_id = call.client.id;
  move->copy = request.copy;
  for (const migration::Item& item : request.transfer.items) move->keys.push_back(item.key);

  call.effects.Suppress();
  call.node.blocker->Block(call.client, 0, [move](client::Client& client, WakeReason reason) {
    move->client_waits = false;
    if (reason == WakeReason::kClosed || reason == WakeReason::kUnblockError) return;
    if (move->error.empty()) {
      client.reply.Ok();
    } else {
      client.reply.Error(move->error);
    }
  });
  call.node.migrator->Start(std::move(request.transfer), [move](migration::TransferOutcome outcome) {
    FinishMove(*move, std::move(outcome));
  });
}

void Migrate(Call& call) {
  Request request;
  if (!ParseRequest(call, &request)) return;
  if (call.client.Has(client::kDenyBlocking | client::kMulti)) {
    return call.reply.Error("ERR MIGRATE is not allowed inside a transaction or script");
  }
  CollectItems(call, &request);
  if (request.transfer.items.empty()) return call.reply.Simple("NOKEY");
  StartMove(call, std::move(request));
}

}  // namespace

std::span<const CommandSpec> MigrateCommands() {
  static const CommandSpec rows[] = {[] {
    CommandSpec spec;
    spec.name = "migrate";
    spec.arity = -6;
    spec.flags = kWrite | kMovableKeys;
    spec.keys.first = kKeyArgument;
    spec.keys.last = kKeyArgument;
    spec.keys.step = 1;
    spec.keys.find = FindMigrateKeys;
    spec.acl = kAclKeyspace | kAclDangerous;
    spec.docs = {"Moves or copies keys to another server.", "2.6.0", "generic",
                 "That of DUMP and DEL here and of RESTORE there, and the transfer."};
    spec.handler = Migrate;
    return spec;
  }()};
  return rows;
}

}  // namespace windlass::commands
