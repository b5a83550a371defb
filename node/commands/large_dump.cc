// See large_dump.h. Writers of the key wait, as while it is on its way to another node; if
// it changes all the same, what it is then is made at once.
#include "node/commands/large_dump.h"

#include <memory>
#include <string>
#include <utility>

#include "node/commands/internal_command.h"
#include "node/commands/ports.h"
#include "node/keyspace/keyspace.h"
#include "node/migration/moving_keys.h"
#include "node/migration/stepped_dump.h"
#include "node/observe/stats.h"
#include "node/persistence/dump_payload.h"
#include "node/persistence/dump_stream.h"
#include "node/persistence/value_writer.h"

namespace windlass::commands {
namespace {

// One DUMP under way; outlives its client by a step at most.
struct Dump {
  Node* node;
  int db;
  slot::SlotId slot;
  uint64_t client_id;
  std::string key;
  std::shared_ptr<persistence::DumpStream> stream;
  bool client_waits = true;
  std::string reply;  // empty: the value changed
};

void Reply(Dump& dump, client::Client& client) {
  if (dump.reply.empty()) {
    const keyspace::Entry* entry = dump.node->keyspace->db(dump.db).Peek(dump.slot, dump.key);
    if (entry == nullptr) return client.reply.Null();
    return client.reply.Bulk(persistence::DumpValue(*entry));
  }
  std::string& out = *client.reply.out();
  out.empty() ? out.swap(dump.reply) : client.reply.Raw(dump.reply);
}

void OnWake(Dump& dump, client::Client& client, WakeReason reason) {
  dump.client_waits = false;
  if (reason == WakeReason::kReady) return Reply(dump, client);
  dump.stream->Break();  // nobody wants it
  if (reason == WakeReason::kTimeout) client.reply.Null();  // CLIENT UNBLOCK
}

void Finish(Dump& dump, std::string bulk) {
  dump.reply = std::move(bulk);
  dump.node->moving_keys->Remove(dump.db, dump.key);
  if (dump.client_waits) dump.node->blocker->Wake(dump.client_id);
  ResumeHeldClients(*dump.node);
}

bool MayWait(const client::Client& client) {
  return client.transport != nullptr &&
         !client.Has(client::kDenyBlocking | client::kMulti | client::kReplyOff | client::kReplySkip);
}

}  // namespace

bool DumpInSteps(Call& call, const keyspace::Entry& entry) {
  if (!persistence::ValueWriter::Cuts(entry) || !MayWait(call.client)) return false;
  const int db = call.db.index();
  const std::string key(call.args[1]);
  if (!call.node.moving_keys->Add(db, key)) return false;
  auto stream = std::make_shared<persistence::DumpStream>(entry);
  call.node.moving_keys->ReadBy(db, key, stream);
  auto dump = std::make_shared<Dump>(Dump{&call.node, db, call.slot, call.client.id, key, stream, true, {}});
  call.node.blocker->Block(call.client, 0, [dump](client::Client& client, WakeReason reason) {
    OnWake(*dump, client, reason);
  });
  migration::DumpInSteps(call.node.loop, stream, [stats = call.node.stats] { return stats->commands_processed; },
                         [dump](std::string bulk) { Finish(*dump, std::move(bulk)); });
  return true;
}

}  // namespace windlass::commands
