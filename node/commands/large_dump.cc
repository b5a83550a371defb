// See large_dump.h. Writers of the key wait, as while it is on its way to another node; if
// it changes all the same, what it is then is made at once.
#include "node/commands/large_dump.h"

#include <memory>
#include <string>
#include <utility>

#include "node/base/clock.h"
#include "node/commands/internal_command.h"
#include "node/commands/ports.h"
#include "node/keyspace/keyspace.h"
#include "node/migration/moving_keys.h"
#include "node/net/event_loop.h"
#include "node/observe/stats.h"
#include "node/persistence/dump_payload.h"
#include "node/persistence/dump_stream.h"
#include "node/persistence/value_writer.h"

namespace windlass::commands {
namespace {

constexpr int64_t kStepUs = 500;         // a turn
constexpr size_t kLookBytes = 16 << 10;  // between two looks at the clock

// Outlives its client by a step at most.
struct Dump {
  Node* node;
  int db;
  slot::SlotId slot;
  uint64_t client_id;
  std::string key;
  std::shared_ptr<persistence::DumpStream> stream;
  bool client_waits = true;
  std::string reply;  // the payload, and what frames it
  uint64_t served_before = 0;
};

void Finish(Dump& dump) {
  dump.node->moving_keys->Remove(dump.db, dump.key);
  if (dump.client_waits) dump.node->blocker->Wake(dump.client_id);
  ResumeHeldClients(*dump.node);
}

// True: there is nothing more to do.
bool Step(Dump& dump) {
  const base::SystemClock clock;
  const int64_t end_us = clock.MonotonicUs() + kStepUs;
  persistence::DumpStream& stream = *dump.stream;
  do {
    if (stream.broken() || !dump.client_waits) return true;
    if (!stream.measured()) {
      if (!stream.Measure(kLookBytes)) continue;
      const std::string head = "$" + std::to_string(stream.size()) + "\r\n";
      dump.reply.reserve(head.size() + stream.size() + 2);  // grown later, it would be copied
      dump.reply = head;
    } else if (stream.Step(kLookBytes, &dump.reply)) {
      dump.reply += "\r\n";
      return true;
    }
  } while (clock.MonotonicUs() < end_us);
  return false;
}

// While clients are served the process sleeps between steps.
void StepLater(const std::shared_ptr<Dump>& dump) {
  const uint64_t served = dump->node->stats->commands_processed;
  const bool idle = served == std::exchange(dump->served_before, served);
  dump->node->loop->After(idle ? 0 : 1, [dump] { Step(*dump) ? Finish(*dump) : StepLater(dump); });
}

void Reply(Dump& dump, client::Client& client) {
  if (dump.stream->broken()) {
    const keyspace::Entry* entry = dump.node->keyspace->db(dump.db).Peek(dump.slot, dump.key);
    if (entry == nullptr) return client.reply.Null();
    return client.reply.Bulk(persistence::DumpValue(*entry));
  }
  std::string& out = *client.reply.out();
  out.empty() ? out.swap(dump.reply) : client.reply.Raw(dump.reply);
}

}  // namespace

bool DumpInSteps(Call& call, const keyspace::Entry& entry) {
  if (!persistence::ValueWriter::Cuts(entry)) return false;
  if (call.client.transport == nullptr || call.client.Has(client::kDenyBlocking | client::kMulti)) return false;
  if (call.client.Has(client::kReplyOff | client::kReplySkip)) return false;
  const std::string_view key = call.args[1];
  if (!call.node.moving_keys->Add(call.db.index(), key)) return false;
  auto dump = std::make_shared<Dump>();
  dump->node = &call.node;
  dump->db = call.db.index();
  dump->slot = call.slot;
  dump->client_id = call.client.id;
  dump->key = key;
  dump->stream = std::make_shared<persistence::DumpStream>(entry);
  call.node.moving_keys->ReadBy(dump->db, key, dump->stream);
  call.node.blocker->Block(call.client, 0, [dump](client::Client& client, WakeReason reason) {
    dump->client_waits = false;
    if (reason == WakeReason::kReady) return Reply(*dump, client);
    if (reason == WakeReason::kTimeout) client.reply.Null();  // CLIENT UNBLOCK
  });
  StepLater(dump);
  return true;
}

}  // namespace windlass::commands
