// One atomic migration as its target: the source's client, what it sends, and doing
// what the machine asks.
//
// The source is an ordinary client whose commands are let past the question where
// slots are; each is executed and logged here as anybody's, so replicas and the
// append-only file need no new words for data. Entries that come packed are logged
// as SET or RESTORE.
//
// Loop thread. Owned by SlotMigrations, which outlives it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "node/commands/slot_migration_port.h"
#include "node/migration/entry_chunk.h"
#include "node/migration/import_machine.h"
#include "node/server/job_report.h"

namespace windlass::server {

class SlotMigrations;

class SlotImport {
 public:
  // client_id 0: found after a restart or failover.
  SlotImport(SlotMigrations* owner, migration::Job job, migration::ImportMachine machine, uint64_t client_id);

  void Begin() { Do(machine_.Begin()); }
  void Fail(std::string_view why);
  // Within a command of the source, whose reply would be dropped: at the turn's end.
  void FailSoon(std::string why) { failing_ = std::move(why); }
  bool failing() const { return !failing_.empty(); }
  void OnLinkLost(std::string_view why);
  void OnGrantSaved(bool ok) { Do(machine_.OnGrantSaved(ok)); }
  void OnDropped() { Do(machine_.OnDropped()); }

  // --- what the source sends. False: the link is to be closed, *error says why.
  bool OnChunk(std::string_view bytes, std::string* error);
  void OnMark(int64_t position) { mark_ = position; }
  bool OnSnapshotEnd(std::string* error);
  void OnPaused(uint64_t number) { Do(machine_.OnPaused(number)); }
  void OnResume() { Do(machine_.OnResume()); }
  void OnGrant(uint64_t epoch);

  // Replicas know of this job when they have the history up to here.
  void WaitFrom(int64_t offset) { wait_offset_ = offset; }

  // Before the log is written: acknowledges, and looks whether what is waited for has come.
  void AtTurnEnd();

  const migration::Job& job() const { return job_; }
  const migration::ImportMachine& machine() const { return machine_; }
  uint64_t client_id() const { return client_id_; }
  bool ended() const { return migration::Ended(machine_.state()); }
  commands::MigrationReport Report() const;

 private:
  enum class Waiting { kNothing, kReplicasHaveAll, kReplicasKnow, kInTouch, kTaken };

  void Do(const migration::ImportMachine::Effects& effects);
  void DoOne(migration::ImportDo effect);
  void Store(migration::ChunkEntry& entry, bool log);
  void Say(const std::string& line);
  void CloseLink();
  void WaitForReplicas(Waiting what);
  void TakeSlotsIfInTouch();

  SlotMigrations* owner_;
  const migration::Job job_;
  migration::ImportMachine machine_;
  uint64_t client_id_;
  migration::ChunkReader reader_;
  uint64_t epoch_ = 0;       // of the grant
  int64_t mark_ = 0;         // applied up to this position of the stream
  int64_t acknowledged_ = 0;
  std::string failing_;
  Waiting waiting_ = Waiting::kNothing;
  int64_t wait_offset_ = 0;  // of the history
  int64_t wait_log_ = 0;     // of the append-only file
  uint64_t wait_ticket_ = 0; // of nodes.conf
  JobTimes times_;
};

}  // namespace windlass::server
