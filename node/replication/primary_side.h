// The side that feeds replicas: answers PSYNC, gives a full copy when the backlog
// does not reach, then streams the log and counts acknowledgements.
//
// A replica goes: handshake, waiting for a snapshot to start, receiving it, online. Full copies need a snapshot that starts after the replica asked; one
// snapshot serves all who wait when it starts. While a replica receives it, the
// log keeps what it will need; it is sent from the shared blocks, never copied per
// replica. Loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/clock.h"
#include "node/base/log.h"
#include "node/base/random.h"
#include "node/net/event_loop.h"
#include "node/persistence/save_service.h"
#include "node/replication/replication_log.h"

namespace windlass::replication {

struct PrimarySettings {
  bool diskless = true;
  int64_t diskless_delay_s = 5;
  int64_t diskless_max_replicas = 0;  // start early when this many wait; 0: never early
  int64_t ping_period_s = 10;
  int64_t timeout_s = 60;
  int64_t backlog_bytes = 1 << 20;
  int64_t backlog_ttl_s = 3600;
  int64_t min_replicas_to_write = 0;
  int64_t min_replicas_max_lag_s = 10;
  int64_t output_hard_bytes = 256 << 20;
  int64_t output_soft_bytes = 64 << 20;
  int64_t output_soft_s = 60;
  // While full copies are made: what the log and the copy may hold in memory for them
  // beyond the backlog; the rest waits in a file, up to the second figure.
  int64_t copy_memory_bytes = 16 << 20;
  int64_t copy_disk_bytes = int64_t{4} << 30;
  std::string folder = ".";
};

// How bytes reach a replica; the server's session of that client implements it.
class ReplicaTransport {
 public:
  virtual ~ReplicaTransport() = default;
  virtual void Send(std::string_view bytes) = 0;
  virtual size_t PendingOutput() const = 0;
  virtual std::string PeerIp() const = 0;
  // Unix ms of the last byte from it: a replica that loads a copy sends empty lines.
  virtual int64_t LastHeardMs() const = 0;
  // Closes soon; PrimarySide::Forget follows.
  virtual void Close(std::string_view reason) = 0;
};

enum class ReplicaState {
  kWaitSnapshot,  // for one to begin
  kWaitFile,      // told its offset; the file is being written
  kReceiveFile,
  kReceiveSocket,
  kWaitAck,       // has all of a socket copy; says so when it has loaded it
  kCopySent,      // wanted no more than that: closed when its socket has taken it
  kOnline,
};

// Told by REPLCONF capa: the replica understands what the log says of atomic slot
// migrations. Other servers' masters ignore the word.
inline constexpr std::string_view kSlotJobsCapability = "windlass-slot-jobs";

// The prefix of a capability that names the replica's node in the cluster.
inline constexpr std::string_view kNodeIdCapability = "windlass-node=";

struct CopyContents {
  bool keys = true;
  bool functions = true;

  bool all() const { return keys && functions; }
  bool operator==(const CopyContents& other) const { return keys == other.keys && functions == other.functions; }
};

struct ReplicaReport {
  uint64_t client_id;
  std::string ip;
  int port;
  ReplicaState state;
  int64_t acked_offset;
  int64_t lag_s;  // since the last acknowledgement
  std::string state_word;  // wait_bgsave, send_bulk, online
};

// How long somebody who waits for acknowledgements bears that no replica takes in any more
// of the log up to an offset. 0: for ever.
struct AckPatience {
  int64_t offset = 0;
  int64_t stalled_ms = 0;
};

struct PrimaryStats {
  uint64_t sync_full = 0;
  uint64_t sync_partial_ok = 0;
  uint64_t sync_partial_err = 0;
};

class PrimarySide {
 public:
  struct Parts {
    net::EventLoop* loop;
    base::Logger* log;
    ReplicationLog* history;
    persistence::SaveService* saves;
    base::Random* random;
    base::WorkerThread* worker;
    const PrimarySettings* settings;
  };
  explicit PrimarySide(Parts parts);
  ~PrimarySide();

  // --- what a replica's client asked. `transport` outlives the client's Forget.
  void SetListeningPort(uint64_t client_id, int port);
  void SetAnnouncedIp(uint64_t client_id, std::string ip);
  void AddCapability(uint64_t client_id, std::string_view capability);
  void SetVersion(uint64_t client_id, std::string_view version);  // "8.0.1" (REPLCONF version)
  // It wants a copy and no stream behind it (REPLCONF rdb-only).
  void SetCopyOnly(uint64_t client_id, bool copy_only);
  // What its copy holds (REPLCONF rdb-filter-only). REQUIRES at Sync: a capability "eof",
  // for such a copy is never a file, which others might take for a whole one.
  void SetCopyContents(uint64_t client_id, CopyContents contents);
  bool CanBeGivenItsCopy(uint64_t client_id);
  // fsynced -1: not told.
  void Acknowledge(uint64_t client_id, int64_t offset, int64_t fsynced = -1);
  struct SyncRequest {
    uint64_t client_id = 0;
    std::unique_ptr<ReplicaTransport> transport;
    bool psync = true;          // false: the old SYNC
    std::string id = "?";
    int64_t next_offset = -1;   // the first byte the replica lacks
  };
  // Answers by the transport; the client is a replica from here on.
  void Sync(SyncRequest request);
  // The client is gone.
  void Forget(uint64_t client_id);
  // Closes every replica, when this server's data or history was replaced.
  void DisconnectAll(std::string_view reason);

  // --- driven by the server.
  // Sends what the log holds to the replicas that are online. End of each turn.
  void Pump();
  void EverySecond();
  // Starts a snapshot for replicas that wait, when another one is out of the way.
  void RetryCopies() { StartDueSnapshot(); }
  // Asks all replicas, at the end of this turn, how far they are.
  void WantAcks() { ack_wanted_ = true; }
  // Calls on_ready, once, when `enough` says so, which is asked after each
  // acknowledgement and each WakeWaiters, or when patience has run out.
  void WaitForAcks(uint64_t client_id, std::function<bool()> enough, const AckPatience& patience, std::function<void()> on_ready);
  void WakeWaiters();
  void CancelWait(uint64_t client_id) { waiters_.erase(client_id); }
  // Called before a replica is answered: the last moment to change the history's id.
  void SetOnSync(std::function<void()> fn) { on_sync_ = std::move(fn); }
  // Called when a full copy is about to begin: the log must name its database anew.
  void SetOnCopyBegins(std::function<void()> fn) { on_copy_begins_ = std::move(fn); }
  // Writes to the log as the master: SELECT, PING and GETACK go through it.
  void SetLogWriter(std::function<void(std::string_view resp_command)> write) { write_log_ = std::move(write); }

  // Writes a command to the log that is for replicas alone, not for the data.
  void Tell(std::span<const std::string_view> words);

  // --- facts.
  int AckedBy(int64_t offset) const;  // online replicas that acknowledged at least offset
  // The offset that at least `count` (> 0) of the online replicas have acknowledged, -1 if
  // there are too few. `counts` says whether a replica does, by its node's id, "" if it
  // has told none; unset: all do.
  using AckFilter = std::function<bool(const std::string& node_id)>;
  int64_t OffsetAckedBy(size_t count, const AckFilter& counts) const;
  int FsyncedBy(int64_t offset) const;  // of those, which have it on disk
  bool AllKnowSlotJobs() const;       // every replica attached has that capability
  bool AllMirrorSetSlot() const;      // every replica attached takes CLUSTER SETSLOT from its master
  int GoodReplicas() const;           // online, acknowledged within the maximal lag
  int Count() const { return static_cast<int>(replicas_.size()); }
  uint64_t copies_begun() const { return copies_begun_; }  // full ones
  uint64_t put_online() const { return put_online_; }      // how often a replica has come online
  std::vector<ReplicaReport> Report() const;  // without those that have a copy and want no more
  const PrimaryStats& stats() const { return stats_; }
  void ResetStats() { stats_ = PrimaryStats(); }
  // The online replica with the highest acknowledged offset; null if none.
  struct CaughtUp {
    uint64_t client_id = 0;  // 0: no replica is online
    std::string ip;
    int port = 0;
    int64_t acked_offset = -1;
  };
  CaughtUp BestReplica() const;
  // Told by the owner: this server follows a master itself, so pings come from above.
  void SetFollowing(bool following) { following_ = following; }
  // Told by the owner, after the turn in which writes were paused and before the one in
  // which they go on: a failover may wait for a replica to reach the log's end, which
  // pings and questions for acknowledgements would move.
  void SetQuiet(bool quiet) { quiet_ = quiet; }

 private:
  struct Replica;
  struct SocketFeed;

  Replica& Handshake(uint64_t client_id);
  bool TryPartial(Replica& replica, const SyncRequest& request);
  void PrepareBacklog();
  void AnswerFull(Replica& replica, int64_t offset);
  void StartDueSnapshot();
  void StartSocketFeed(const std::vector<Replica*>& waiting);
  void StartDiskSnapshot();
  void OnDiskSnapshotDone(bool ok);
  void StepSocketFeed();
  void PumpFile(Replica& replica);
  void PumpStream(Replica& replica);
  void PutOnline(Replica& replica);
  bool TakesFile(const Replica& replica) const;
  static bool NeedsLog(const Replica& replica);
  bool OverOutputLimit(Replica& replica) const;
  int64_t HeldInMemory(const Replica& replica) const;
  void SpillForCopies();
  void AbortSocketFeed(std::string_view reason);
  void DropSlowAndSilent();
  void ExpireBacklog();
  void TrimLog();
  // Grows while online replicas take in what the log has up to `offset`.
  int64_t TakenUpTo(int64_t offset) const;
  void LookAgain(uint64_t client_id, uint64_t waiter);
  void Drop(uint64_t client_id, std::string_view reason);
  std::string NameOf(const Replica& replica) const;
  int64_t NowMs() const { return parts_.loop->NowMs(); }

  Parts parts_;
  std::map<uint64_t, std::unique_ptr<Replica>> handshakes_;  // REPLCONF seen, no PSYNC yet
  std::map<uint64_t, std::unique_ptr<Replica>> replicas_;
  std::function<void(std::string_view)> write_log_;
  std::function<void()> on_sync_;
  std::function<void()> on_copy_begins_;
  struct Waiter {
    std::function<bool()> enough;
    std::function<void()> on_ready;
    AckPatience patience;
    uint64_t number = 0;
    int64_t taken = 0;  // TakenUpTo when it was last looked
  };
  std::map<uint64_t, Waiter> waiters_;  // by client
  uint64_t waiters_made_ = 0;
  std::unique_ptr<SocketFeed> socket_feed_;
  PrimaryStats stats_;
  uint64_t copies_begun_ = 0;
  uint64_t put_online_ = 0;
  bool disk_snapshot_running_ = false;  // one that waiting replicas will be given
  int64_t disk_snapshot_offset_ = 0;
  bool ack_wanted_ = false;
  bool following_ = false;
  bool quiet_ = false;
  int64_t last_ping_ms_ = 0;
  int64_t no_replicas_since_ms_ = 0;
  std::shared_ptr<bool> alive_;
};

}  // namespace windlass::replication
