// What keeps the data: builds the snapshot engine, the save service, the AOF, both
// sides of replication and the log, connects them to the settings and to the
// loop, and answers what the rest of the server asks of them as a whole.
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/worker_thread.h"
#include "node/commands/ports.h"
#include "node/keyspace/keyspace.h"
#include "node/net/event_loop.h"
#include "node/observe/info_report.h"
#include "node/persistence/aof.h"
#include "node/persistence/keyspace_loader.h"
#include "node/persistence/save_service.h"
#include "node/replication/failover.h"
#include "node/replication/primary_side.h"
#include "node/replication/replica_side.h"
#include "node/replication/replication_log.h"
#include "node/server/ack_gate.h"
#include "node/server/propagation.h"
#include "node/snapshot/snapshot.h"

namespace windlass::server {

class Durability final : public commands::Reloader {
 public:
  // Fills node's saves, aof, repl_log, primary_side and replica_side, and adds the
  // INFO sections Persistence and Replication. REQUIRES: node's config, keyspace,
  // loop, log, clock, random, info and stats are set.
  explicit Durability(commands::Node* node);
  ~Durability() override;

  Propagation& log() { return propagation_; }

  // --- start. Node::executor must be set. False: the reason was logged and the
  // process is to exit with 1.
  bool LoadAtStart();
  // What was found then.
  struct LoadFacts {
    bool data_found = false;       // an RDB or AOF existed
    uint64_t keys = 0;
    std::optional<persistence::RdbReplicationPoint> replication;
    bool clean_shutdown = false;   // the last run ended with all its data on disk
    // Loaded from an AOF that the last run wrote with fsync policy "always", or with
    // any while this machine has not been booted since: what a killed process had
    // written is still there.
    bool every_write_kept = false;
    // Nothing that was acknowledged can be missing from what was loaded.
    bool data_proven_complete() const { return clean_shutdown || (data_found && every_write_kept); }
  };
  const LoadFacts& load_facts() const { return load_facts_; }
  // Timers, turn-end work, and the link to the configured master. After LoadAtStart.
  void Start();

  // Libraries that came with data go there; null code: what was there is gone.
  using OnFunction = std::function<void(const std::string* code)>;
  void SetOnFunction(OnFunction on_function) { on_function_ = std::move(on_function); }
  // The libraries that are now part of the data.
  void SetFunctions(std::vector<std::string> codes) { functions_ = std::move(codes); }

  // --- DEBUG RELOAD and LOADAOF.
  base::Result<void> Reload(bool save, bool flush) override;
  base::Result<void> ReloadAof() override;

  // --- following, for REPLICAOF and the cluster driver.
  void Follow(const std::string& host, int port);
  void StopFollowing();

  // --- shutdown. Saves if asked, or if save points are set and not told otherwise;
  // the AOF is flushed. An error: the process should not end (unless forced).
  base::Result<void> SaveForShutdown(const commands::ShutdownFlags& flags);

  // --- handover before a master ends: is somebody there who can take over, and is
  // it as far as we are? Writes are to be paused by the caller meanwhile.
  replication::PrimarySide::CaughtUp BestReplica() const { return primary_.BestReplica(); }
  bool IsCaughtUp(uint64_t replica_client_id) const;
  void AskForAcks() { primary_.WantAcks(); }

  // Replies of writes wait for replicas there.
  AckGate& ack_gate() { return ack_gate_; }
  // Called when this server begins to follow.
  void SetOnDemoted(std::function<void()> on_demoted) { on_demoted_ = std::move(on_demoted); }

  // How far the replication history is in the AOF on disk; -1 if none is kept.
  int64_t FsyncedOffset() const;

  // The client of a connection that ended.
  void Forget(const client::Client& client);

  replication::PrimarySide& primary() { return primary_; }
  replication::ReplicaSide& replica() { return replica_; }
  persistence::SaveService& saves() { return saves_; }
  persistence::Aof& aof() { return aof_; }
  snapshot::Engine& snapshots() { return engine_; }

 private:
  class Host;
  class LoaderSink;

  persistence::PostToLoop Poster();
  std::function<void(int64_t us)> LoopWaker();
  persistence::SaveService::Parts SaveParts();
  replication::ReplicaSide::Parts ReplicaParts();
  replication::Failover::Parts FailoverParts();
  std::optional<persistence::RdbReplicationPoint> ReplicationPoint() const;
  // durability_settings.cc
  void ReadSettings();
  void WatchSettings();
  // durability_info.cc
  void AddInfo();
  void WritePersistence(observe::InfoWriter& out) const;
  void WriteReplication(observe::InfoWriter& out) const;
  void WriteMasterLink(observe::InfoWriter& out) const;

  // A mark beside the data that the last run ended in order. It is taken away
  // before anything can be written, so it never outlives the state it speaks of.
  void TakeCleanMark();
  void LeaveCleanMark();
  // A note beside the data of how the running process keeps its writes.
  void RecordHowWritesAreKept();
  bool LoadRdb();
  void ForgetFunctions();
  persistence::KeyspaceLoader::Options LoaderOptions() const;
  bool LoadAof(bool* found);
  void TakeReplicationPoint(const persistence::RdbReplicationPoint& point);
  void SetLoading(bool loading, int64_t total_bytes);
  void Progress(int64_t bytes);
  void OnTurnEnd();
  void StepSnapshots();
  void FollowFsyncs();
  void EveryTenthSecond();
  void EverySecond();
  void RefreshStatus();
  bool IsLikelyReplica() const;

  commands::Node* node_;
  persistence::SaveSettings save_settings_;
  persistence::AofSettings aof_settings_;
  replication::PrimarySettings primary_settings_;
  replication::ReplicaSettings replica_settings_;
  AckGate::Settings ack_settings_;

  // Order matters: what is below uses what is above.
  base::WorkerThread file_worker_;  // RDB files, bases
  base::WorkerThread log_worker_;   // the AOF: must not wait behind a big file
  snapshot::Engine engine_;
  std::vector<std::string> functions_;  // libraries of scripts, kept as they came
  OnFunction on_function_;
  replication::ReplicationLog history_;
  persistence::SaveService saves_;
  persistence::Aof aof_;
  replication::PrimarySide primary_;
  Propagation propagation_;
  std::unique_ptr<Host> host_;
  replication::ReplicaSide replica_;
  replication::Failover failover_;
  AckGate ack_gate_;
  std::function<void()> on_demoted_;
  // Where the history stood when the AOF stood at a position not yet on disk.
  struct FsyncMark {
    int64_t aof_position;
    int64_t history_offset;
  };
  std::optional<FsyncMark> fsync_mark_;
  int64_t fsynced_offset_ = 0;
  LoadFacts load_facts_;
  std::string run_note_;      // as it is on disk; empty: nothing is promised
  bool aof_is_whole_ = false; // the AOF holds all the data, not only since it was enabled
  int64_t last_progress_ms_ = 0;
  bool in_command_ = false;  // DEBUG RELOAD: clients are not served meanwhile
  uint64_t served_before_step_ = 0;
};

}  // namespace windlass::server
