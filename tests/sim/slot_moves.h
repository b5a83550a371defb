// Atomic slot migrations of one host: the machines and rules of node/migration, driven
// as server/slot_migrations drives them, with a virtual disk, wires and log. What is
// left out: the bytes of the stream, the snapshot engine, memory and passwords.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/migration/export_machine.h"
#include "node/migration/import_machine.h"
#include "node/migration/job_records.h"
#include "tests/sim/shard_data.h"

namespace windlass::sim {

class SlotMoves {
 public:
  SlotMoves(World* world, Wires* wires, ShardData* data, Host* host)
      : world_(world), wires_(wires), data_(data), host_(host) {}
  using Find = std::function<SlotMoves*(const Host&)>;
  void Bind(Find find) { find_ = std::move(find); }

  // --- life.
  void Starting();
  void Started(bool data_complete);
  void Crashed();
  void LoseDisk() { file_.reset(); }
  void LostSlots(const slot::SlotSet& slots);
  void AtTurnEnd();

  // CLUSTER MIGRATESLOTS; empty if it was accepted.
  std::string Migrate(const slot::SlotSet& slots, const Host& target);
  // CLUSTER SETSLOT; empty if the node may do it.
  std::string MaySet(const cluster::SetSlotCommand& command) const;
  // Clients' commands on these wait here.
  bool Holds(slot::SlotId slot) const;
  void Tap(slot::SlotId slot, int64_t value);  // a write went into the log
  void LearnRecord(const std::vector<std::string>& words);

  // Dies before it does this, once; empty: does not.
  void DieBefore(std::string step) { die_before_ = std::move(step); }
  // What is not over; empty: nothing.
  std::string Unfinished() const;
  int succeeded() const { return succeeded_; }

 private:
  struct Export {
    migration::Job job;
    migration::ExportMachine machine;
    uint64_t wire = 0;
    bool connecting = false;
    bool walking = false;
    int next_slot = 0;   // of the walk
    int64_t sent = 0;    // messages of the stream
    int64_t acked = 0;
    bool asking = false;
    int64_t asked_us = 0;
    bool ended() const { return migration::Ended(machine.state()); }
  };
  struct Import {
    enum class Waiting { kNothing, kReplicasHaveAll, kReplicasKnow, kInTouch, kTaken };
    migration::Job job;
    migration::ImportMachine machine;
    uint64_t wire = 0;
    uint64_t epoch = 0;
    int64_t got = 0;
    int64_t acked = 0;
    Waiting waiting = Waiting::kNothing;
    int64_t wait_offset = 0;
    uint64_t wait_ticket = 0;
    bool ended() const { return migration::Ended(machine.state()); }
  };
  using ExportPtr = std::shared_ptr<Export>;
  using ImportPtr = std::shared_ptr<Import>;

  // slot_moves.cc
  void BecomeMaster();
  void BecomeReplica();
  void CheckOwnership();
  void CheckGrantAcks();
  void PutRecord(const migration::JobRecord& record);
  void RemoveRecord(const std::string& name);
  void RecordsChanged();
  void Hide();
  void Announce(const std::string& name);
  void AnnounceAll();
  void AnnounceBehindCopies();
  bool ReplicasKnow(int64_t offset) const { return data_->copies() == copies_told_ && data_->ReplicasHave(offset); }
  void Save(std::function<void(bool)> done);
  void CleanStep();
  void FinishCleaning(const slot::SlotSet& slots);
  void ForgetEmptied();
  bool Paused() const { return host_->paused_until_us > world_->now_us(); }
  const cluster::ClusterCore& core() const { return *host_->core; }
  int64_t NowMs() const { return world_->now_us() / 1000; }
  bool Dies(std::string_view step);
  Host* HostOfId(const cluster::NodeId& id);
  ExportPtr ExportNamed(const std::string& name) const;
  ImportPtr ImportNamed(const std::string& name) const;

  // slot_moves_source.cc
  void Do(const ExportPtr& job, const migration::ExportMachine::Effects& effects);
  void DoOne(const ExportPtr& job, migration::ExportDo effect);
  void Connect(const ExportPtr& job);
  void Ask(const ExportPtr& job);
  void SaveGrant(const ExportPtr& job);
  void WithdrawGrant(const ExportPtr& job);
  void ExportTurn(const ExportPtr& job);
  void SendValue(const ExportPtr& job, slot::SlotId slot, int64_t value);
  void ToTarget(const ExportPtr& job, std::function<void(SlotMoves*, const ImportPtr&)> what);
  void ToSource(const ImportPtr& job, std::function<void(SlotMoves*, const ExportPtr&)> what);

  // slot_moves_target.cc
  void Establish(const migration::Job& job, uint64_t wire, Host* source);
  void Do(const ImportPtr& job, const migration::ImportMachine::Effects& effects);
  void DoOne(const ImportPtr& job, migration::ImportDo effect);
  void TakeSlotsIfInTouch(const ImportPtr& job);
  void WaitForReplicas(const ImportPtr& job, Import::Waiting what);
  void FailImport(const ImportPtr& job, const std::string& why);
  void ImportTurn(const ImportPtr& job);
  std::optional<migration::Outcome> OutcomeOf(const migration::Job& job);

  World* world_;
  Wires* wires_;
  ShardData* data_;
  Host* host_;
  Find find_;

  std::optional<std::string> file_;  // on disk

  // The process.
  migration::JobRecords records_;
  std::vector<ExportPtr> exports_;
  std::vector<ImportPtr> imports_;
  slot::SlotSet cleaning_;
  std::deque<std::string> saving_;  // texts on their way to the disk
  int64_t saved_last_us_ = 0;       // when the latest of them is there
  bool save_failed_ = false;
  bool grant_unsaved_ = false;
  struct PendingGrant {
    std::string name;
    int64_t offset = 0;
    bool saved = false;
  };
  std::vector<PendingGrant> pending_grants_;
  uint64_t routes_seen_ = 0;
  size_t told_grants_ = 0;
  bool begun_ = false;
  bool was_master_ = false;
  bool adopted_ = false;
  bool data_complete_ = true;
  int64_t announced_us_ = 0;
  uint64_t copies_told_ = 0;
  int64_t saved_again_us_ = 0;
  std::string die_before_;
  int succeeded_ = 0;
};

}  // namespace windlass::sim
