// All atomic slot migrations of this node, as source and as target, and what it
// knows of its master's as a replica: begins and ends jobs, keeps their records on
// disk and in the replicas' knowledge, holds the clients of slots being handed
// over, and goes on with what a restart or a failover left.
//
// Loop thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "node/cluster/core.h"
#include "node/commands/command_table.h"
#include "node/commands/slot_migration_port.h"
#include "node/keyspace/keyspace.h"
#include "node/persistence/aof.h"
#include "node/server/cluster_driver.h"
#include "node/server/durability.h"
#include "node/server/migration_file.h"
#include "node/server/slot_cleaner.h"
#include "node/server/slot_export.h"
#include "node/server/slot_import.h"
#include "node/server/write_log.h"

namespace windlass::server {

class Dispatcher;

class SlotMigrations final : public commands::SlotMigrationPort, private LogTap {
 public:
  // What outlives it.
  struct Parts {
    commands::Node* node;
    ClusterDriver* cluster;
    Durability* durability;
    Dispatcher* dispatcher;
  };
  explicit SlotMigrations(Parts parts);
  ~SlotMigrations() override;

  // Before the cluster core begins: reads the records, hides what is nobody's here.
  base::Result<void> Load();
  // After it. `data_complete`: nothing acknowledged can be missing from the data.
  void Begin(bool data_complete);
  // Before the log is written.
  void AtTurnEnd();
  void OnClientGone(const client::Client& client);

  // --- SlotMigrationPort.
  base::Result<void> Migrate(const std::vector<commands::MigrationOrder>& orders) override;
  base::Result<void> Cancel() override;
  std::vector<commands::MigrationReport> Report() const override;
  base::Result<void> MaySet(const cluster::SetSlotCommand& command) const override;
  void Sync(commands::Call& call) override;
  void OnStreamRefused(const client::Client& source, std::string_view command) override;
  void DieBefore(std::string step) override { die_before_ = std::move(step); }

  // --- for the jobs.
  void OnStep(std::string_view step) const;
  commands::Node& node() { return *parts_.node; }
  const cluster::ClusterCore& core() const { return parts_.cluster->core(); }
  snapshot::Engine& snapshots() { return parts_.durability->snapshots(); }
  Propagation& log() { return parts_.durability->log(); }
  // False: no password, nothing appended.
  bool AppendAuth(std::string* out) const;
  void RefreshHolds();
  // As the source.
  void SaveGrant(SlotExport* job);
  void WithdrawGrant(SlotExport* job);
  uint64_t GrantEpoch(const std::string& name) const;
  void TakeBack(SlotExport* job);
  void OnExportEnded(SlotExport* job);
  bool ReplicasNear() const;
  bool MaySnapshot() const;
  // As the target.
  void SaveImportGrant(SlotImport* job, uint64_t epoch);
  uint64_t TakeSlots(SlotImport* job);
  void DropImport(SlotImport* job);
  void OnImportEnded(SlotImport* job);
  bool OverMemoryLimit() const;
  // Tells the replicas the record of this name, or that there is none any more.
  void Announce(const std::string& name);
  int64_t LogOffset() const;
  void AskForAcks() { parts_.durability->AskForAcks(); }
  bool ReplicasHave(int64_t offset) const;
  // All have heard what the log said of records up to this offset.
  bool ReplicasKnow(int64_t offset) const;
  bool LogIsSafe(int64_t position) const;
  bool ConfIsSaved(uint64_t ticket) const { return parts_.cluster->durable_ticket() >= ticket; }

 private:
  // LogTap.
  void OnLogged(int db, std::span<const std::string_view> argv) override;
  void OnUnitEnd() override;

  // slot_sync.cc: what nodes say to each other.
  void Establish(commands::Call& call);
  void OnEstablished(uint64_t client_id, const std::string& name, bool saved);
  void FromSource(commands::Call& call, SlotImport* job, std::string_view word);
  void AnswerOutcome(commands::Call& call);
  void LearnRecord(commands::Call& call);

  // A change of a record: what follows from all of them, here and in the core.
  void PutRecord(const migration::JobRecord& record);
  void RemoveRecord(const std::string& name);
  void RecordsChanged();
  void ShowAndHide();
  void Save(MigrationFile::OnSaved done) { file_.Save(records_, std::move(done)); }
  void AnnounceAll();
  // A copy of the data says nothing of the records: they come right behind it.
  void AnnounceBehindCopies();
  // The role changed, or this is the start.
  void BecomeMaster();
  void BecomeReplica();
  void Adopt(const migration::JobRecord& record);
  void OnRoutes();
  void CheckOwnership();
  void CheckGrantAcks();
  void ForgetEmptiedSlots();
  void Sweep();
  void Remember(commands::MigrationReport report);
  void FailAll(std::string_view why);
  bool Busy(const slot::SlotSet& slots) const;
  // What has the slot: a migration under way, or one that is known by its record alone.
  const migration::Job* JobOf(slot::SlotId slot) const;
  SlotImport* ImportOf(uint64_t client_id) const;
  SlotExport* ExportNamed(const std::string& name) const;
  SlotImport* ImportNamed(const std::string& name) const;

  Parts parts_;
  MigrationFile file_;
  migration::JobRecords records_;
  SlotCleaner cleaner_;
  std::vector<std::unique_ptr<SlotExport>> exports_;
  std::vector<std::unique_ptr<SlotImport>> imports_;
  std::deque<commands::MigrationReport> ended_;  // newest first
  // Grants on their way to be safe: saved, and then acknowledged up to this offset.
  struct PendingGrant {
    std::string name;
    int64_t offset = 0;
    bool saved = false;
  };
  std::vector<PendingGrant> pending_grants_;
  slot::SlotSet tapped_;             // slots of exports under way
  slot::SlotSet hidden_by_records_;
  std::vector<commands::KeyPosition> key_positions_;
  std::vector<std::string_view> keys_;
  uint64_t routes_seen_ = 0;
  size_t told_grants_ = 0;           // to the core
  bool begun_ = false;
  bool was_master_ = false;
  bool adopted_ = false;             // the records have been taken up in this role
  bool data_complete_ = true;
  bool grant_unsaved_ = false;       // a grant that this replica was told of is not on disk
  int64_t announced_ms_ = 0;
  int64_t saved_again_ms_ = 0;
  uint64_t copies_told_ = 0;         // full copies of replicas that the records were said behind
  std::string die_before_;
};

}  // namespace windlass::server
