// See slot_import.h.
#include "node/server/slot_import.h"

#include <string>
#include <utility>

#include "node/client/registry.h"
#include "node/keyspace/keyspace.h"
#include "node/net/event_loop.h"
#include "node/persistence/dump_payload.h"
#include "node/replication/replication_log.h"
#include "node/server/slot_migrations.h"

namespace windlass::server {

using migration::ImportDo;

SlotImport::SlotImport(SlotMigrations* owner, migration::Job job, migration::ImportMachine machine, uint64_t client_id)
    : owner_(owner), job_(std::move(job)), machine_(std::move(machine)), client_id_(client_id), times_(owner_->node().loop->NowMs()) {}

void SlotImport::Fail(std::string_view why) {
  migration::ImportMachine::Effects effects;
  if (!machine_.Fail(why, &effects)) return;
  Say("-ERR " + std::string(why));
  Do(effects);
}

void SlotImport::OnLinkLost(std::string_view why) {
  client_id_ = 0;
  Do(machine_.OnLinkLost(why));
}

void SlotImport::OnGrant(uint64_t epoch) {
  epoch_ = epoch;
  Do(machine_.OnGrant());
}

bool SlotImport::OnSnapshotEnd(std::string* error) {
  if (!reader_.at_rest()) {
    *error = "the snapshot ends in the middle of a value";
    return false;
  }
  Do(machine_.OnSnapshotEnd());
  return true;
}

// --- entries

bool SlotImport::OnChunk(std::string_view bytes, std::string* error) {
  const commands::Node& node = owner_->node();
  if (owner_->OverMemoryLimit()) {
    *error = "Ran out of memory (OOM) during slot import";
    return false;
  }
  const bool log = node.aof->enabled() || node.repl_log->has_backlog();
  bool foreign = false;
  const auto fed = reader_.Feed(bytes, node.keyspace->limits(), [&](migration::ChunkEntry& entry) {
    if (!job_.slots.Contains(slot::KeySlot(entry.key))) {
      foreign = true;
    } else {
      Store(entry, log);
    }
  });
  if (foreign) *error = "a key of another slot was sent";
  if (!fed.ok()) *error = fed.error();
  return fed.ok() && !foreign;
}

void SlotImport::Store(migration::ChunkEntry& entry, bool log) {
  keyspace::Database& db = owner_->node().keyspace->db(0);
  const slot::SlotId slot = slot::KeySlot(entry.key);
  keyspace::Expiry expiry;
  if (entry.expire_at_ms >= 0) expiry.at_ms = entry.expire_at_ms;
  const bool expires = entry.expire_at_ms >= 0;
  const std::string at = expires ? std::to_string(entry.expire_at_ms) : "0";
  if (entry.object == nullptr) {
    db.SetString(slot, entry.key, entry.string, expiry);
    if (!log) return;
    const std::string_view argv[] = {"SET", entry.key, entry.string, "PXAT", at};
    return owner_->log().Append(0, std::span(argv, expires ? 5 : 3));
  }
  const keyspace::Entry* stored = db.SetObject(slot, entry.key, std::move(entry.object), expiry);
  if (!log) return;
  const std::string payload = persistence::DumpValue(*stored);
  const std::string_view argv[] = {"RESTORE", entry.key, at, payload, "REPLACE", "ABSTTL"};
  owner_->log().Append(0, std::span(argv, expires ? 6 : 5));
}

// --- what the machine asks

void SlotImport::Do(const migration::ImportMachine::Effects& effects) {
  if (!effects.empty()) times_.updated_ms = owner_->node().loop->NowMs();
  for (const ImportDo effect : effects) DoOne(effect);
}

void SlotImport::DoOne(ImportDo effect) {
  owner_->OnStep(migration::Word(effect));
  switch (effect) {
    case ImportDo::kWaitReplicas: return WaitForReplicas(Waiting::kReplicasHaveAll);
    case ImportDo::kSendReady: return Say("+READY " + std::to_string(machine_.number()));
    case ImportDo::kSaveGrant: return owner_->SaveImportGrant(this, epoch_);
    case ImportDo::kTellReplicas: return WaitForReplicas(Waiting::kReplicasKnow);
    case ImportDo::kTakeSlots:
      waiting_ = Waiting::kInTouch;
      return TakeSlotsIfInTouch();
    case ImportDo::kCloseLink: return CloseLink();
    case ImportDo::kDrop: return owner_->DropImport(this);
    case ImportDo::kEnded: return owner_->OnImportEnded(this);
  }
}

// What the log says of this job goes first: whoever has acknowledged knows it.
void SlotImport::WaitForReplicas(Waiting what) {
  waiting_ = what;
  owner_->Announce(job_.name);
  wait_offset_ = owner_->node().repl_log->offset();
  wait_log_ = owner_->log().EndOffset();
  owner_->AskForAcks();
}

void SlotImport::Say(const std::string& line) {
  client::Client* client = client_id_ == 0 ? nullptr : owner_->node().sessions->Clients().Find(client_id_);
  if (client == nullptr || client->transport == nullptr) return;
  client->reply.out()->append(line + "\r\n");
  client->transport->OutputChanged();
}

void SlotImport::CloseLink() {
  client::Client* client = client_id_ == 0 ? nullptr : owner_->node().sessions->Clients().Find(client_id_);
  client_id_ = 0;
  if (client != nullptr && client->transport != nullptr) client->transport->CloseAfterReplies();
}

void SlotImport::TakeSlotsIfInTouch() {
  if (!owner_->core().InTouch()) return;
  wait_ticket_ = owner_->TakeSlots(this);
  waiting_ = Waiting::kTaken;
}

void SlotImport::AtTurnEnd() {
  if (failing()) return Fail(std::exchange(failing_, std::string()));
  if (mark_ != acknowledged_) {
    acknowledged_ = mark_;
    times_.heard_ms = owner_->node().loop->NowMs();
    Say("+ACK " + std::to_string(mark_));
  }
  switch (waiting_) {
    case Waiting::kNothing: return;
    case Waiting::kReplicasHaveAll:
      if (!owner_->LogIsSafe(wait_log_) || !owner_->ReplicasHave(wait_offset_)) return;
      waiting_ = Waiting::kNothing;
      return Do(machine_.OnReplicasHaveAll());
    case Waiting::kReplicasKnow:
      if (!owner_->ReplicasKnow(wait_offset_)) return;
      waiting_ = Waiting::kNothing;
      return Do(machine_.OnReplicasKnow());
    case Waiting::kInTouch: return TakeSlotsIfInTouch();
    case Waiting::kTaken:
      if (wait_ticket_ == 0 || !owner_->ConfIsSaved(wait_ticket_)) return;
      waiting_ = Waiting::kNothing;
      return Do(machine_.OnTaken());
  }
}

commands::MigrationReport SlotImport::Report() const {
  commands::MigrationReport report = ReportOf(job_, machine_, times_);
  report.importing = true;
  return report;
}

}  // namespace windlass::server
