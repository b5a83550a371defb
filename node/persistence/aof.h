// The append-only log: a manifest, a base (an RDB) and increments (commands).
//
// Commands of a turn are gathered and written once, at its end. With fsync policy
// "always" a helper thread writes and fsyncs the batch while the next one gathers,
// and synced() tells how far replies may leave; where that costs more than the fsync
// itself (LoopCommits) the loop does it. Otherwise the loop writes (into the page cache)
// and the helper thread fsyncs once a second or never.
//
// A rewrite makes a new base by the snapshot engine: at one instant the snapshot
// begins and a new increment is opened, so base + that increment is everything.
// Loop thread only.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "node/base/log.h"
#include "node/base/result.h"
#include "node/base/worker_thread.h"
#include "node/persistence/aof_manifest.h"
#include "node/persistence/background_file.h"
#include "node/persistence/commit_delay.h"
#include "node/persistence/keyspace_loader.h"
#include "node/persistence/log_file.h"
#include "node/persistence/loop_commits.h"
#include "node/persistence/save_service.h"
#include "node/persistence/write_ahead_choice.h"
#include "node/resp/command.h"

namespace windlass::persistence {

enum class FsyncPolicy { kAlways, kEverySecond, kNever };
enum class WriteAhead { kNo, kYes, kWhereItPays };  // see LogFile, WriteAheadChoice

struct AofSettings {
  std::string folder = ".";            // of the server; the log's own is below it
  std::string log_folder = "appendonlydir";
  std::string file_name = "appendonly.aof";
  FsyncPolicy fsync = FsyncPolicy::kEverySecond;
  WriteAhead write_ahead = WriteAhead::kWhereItPays;
  bool load_truncated = true;
  bool no_fsync_on_rewrite = false;
  int64_t rewrite_percentage = 100;
  int64_t rewrite_min_bytes = 64 << 20;
};

class Aof {
 public:
  struct Parts {
    base::Logger* log;
    base::Clock* clock;
    base::WorkerThread* worker;
    PostToLoop post;
    SaveService* saves;  // how a base is made
    const AofSettings* settings;
    // Ends the loop's sleep after so many microseconds. Null: a batch never waits.
    std::function<void(int64_t us)> wake_after = {};
    // Commands served so far, reads among them. Null: the loop commits nothing itself.
    std::function<int64_t()> commands = {};
  };
  explicit Aof(Parts parts);
  ~Aof();

  // --- start-up, in this order; both may take their time.
  enum class Found { kNothing, kLoaded };
  // An error's text was logged in the words of the server tools know.
  base::Result<Found> Load(KeyspaceLoader* loader, resp::CommandSink* sink, const std::function<void(int64_t)>& progress);
  int64_t BytesToLoad() const;
  // Opens the last increment, or makes base and increment of what there is.
  base::Result<void> OpenAtStart();

  // --- CONFIG SET appendonly.
  base::Result<void> Enable();  // the base is written in the background
  void Disable();
  bool enabled() const { return enabled_; }

  // --- the log.
  void Append(int db, std::string_view commands);
  void EndOfTurn();
  void EverySecond(bool snapshot_running);
  // Positions count bytes appended since the process began.
  int64_t appended() const { return appended_; }
  int64_t written() const { return written_; }
  int64_t synced() const { return synced_; }
  // Whether the files below synced() hold the data: not while the first base is made.
  bool complete() const { return enabled_ && base_stands_; }
  // Whether replies wait for synced().
  bool holds_replies() const { return enabled_ && parts_.settings->fsync == FsyncPolicy::kAlways; }
  bool write_failed() const { return enabled_ && !last_write_ok_; }
  const std::string& write_error() const { return write_error_; }
  // DEBUG AOF-FLUSH-SLEEP: each write waits for so long first, on the thread that does it.
  void DelayWrites(int64_t microseconds) { write_delay_us_ = microseconds; }
  // Shutdown: all is written and fsynced when it returns.
  void FlushAndSync();
  // Called when synced() moved or a write failed, so that the turn's end is reached.
  void SetOnSynced(std::function<void()> fn) { on_synced_ = std::move(fn); }

  // --- rewriting. While the log is off a rewrite makes a base without an increment.
  base::Result<void> StartRewrite();
  // False: nothing was done, the disk is behind or the last of it is being fsynced.
  bool Step(int64_t budget_us);
  bool rewriting() const { return rewrite_ != nullptr; }

  struct Report {
    bool enabled = false;
    bool rewrite_in_progress = false;
    bool rewrite_scheduled = false;
    int64_t last_rewrite_s = -1;
    int64_t current_rewrite_s = -1;
    bool last_rewrite_ok = true;
    uint64_t rewrites = 0;
    uint64_t rewrite_failures = 0;  // in a row
    bool last_write_ok = true;
    int64_t current_bytes = 0;
    int64_t base_bytes = 0;
    int64_t buffer_bytes = 0;
    bool fsync_pending = false;
    uint64_t delayed_fsyncs = 0;
  };
  Report report() const;
  void Schedule() { rewrite_scheduled_ = true; }

 private:
  struct Rewrite;  // a base being made

  std::string Folder() const { return parts_.settings->folder + "/" + parts_.settings->log_folder; }
  std::string PathOf(const std::string& name) const { return Folder() + "/" + name; }
  std::string ManifestPath() const { return PathOf(parts_.settings->file_name + ".manifest"); }
  base::Result<void> ReadManifest();
  base::Result<void> AdoptSingleFile();
  base::Result<void> SyncWhatWasLoaded() const;
  base::Result<void> WriteManifest();
  base::Result<void> OpenIncrement(const std::string& name, bool create);
  // To which increment changes go during a rewrite: to none, or to a new one that the
  // manifest on disk names at once, or only with the base.
  enum class Logs { kNothing, kListed, kUnlisted };
  base::Result<void> BeginRewrite(Logs logs);
  base::Result<void> Prepare();
  void StartWhatIsDue(bool snapshot_running);
  void RewriteFinished(base::Result<int64_t> result);
  void DeleteHistory();
  base::Result<void> LoadOne(const AofFileInfo& info, bool last, KeyspaceLoader* loader, resp::CommandSink* sink,
                             const std::function<void(int64_t)>& progress);
  void WriteHere();
  bool MoreIsAwaited();
  bool IsWrittenAhead() const;
  void TrimInHelper();
  bool LoopMayCommit() const;
  void BatchGoes();
  void CommitHere();
  void WriteAndSyncInHelper();
  void SyncInHelper();
  void NoteSlowFsync();
  void SyncTheEnd();
  void Synced(int64_t up_to);
  void LoseWhatWasWritten(const std::string& error);
  void PutOffRewriting();
  base::Result<std::shared_ptr<LogFile>> OpenFile(const std::string& name, bool create);
  void SwitchTo(std::shared_ptr<LogFile> file);
  void WriteFailed(const std::string& error);
  void WriteSucceeded(int64_t bytes);
  // The newest batch given to the helper is known to have failed. After a Drain: or not.
  bool BatchFailed() const;

  Parts parts_;
  bool enabled_ = false;
  bool base_stands_ = false;  // the manifest on disk names the data set's base
  AofManifest manifest_;
  std::shared_ptr<LogFile> file_;  // with the helper while that has a batch
  std::string buffer_;        // appended, not yet given to the file
  int selected_db_ = -1;      // in the file; -1: the next command selects
  int64_t appended_ = 0;
  int64_t written_ = 0;
  int64_t synced_ = 0;
  // What was written up to here may not be on disk though an fsync says so: a failed one
  // came before. -1: all is well. A base begun later makes it good.
  int64_t hole_end_ = -1;
  bool helper_busy_ = false;  // a batch or an fsync is with the helper
  bool helper_writes_ = false;  // and what it is busy with is a batch: nothing may be written before it
  int ends_with_helper_ = 0;    // increments whose last fsync is
  std::shared_ptr<std::atomic<bool>> batch_failed_;
  CommitDelay delay_;
  LoopCommits loop_commits_;
  WriteAheadChoice ahead_choice_;
  int64_t commands_then_ = 0;   // when the last batch went
  int64_t gathered_ = 0;        // writes in buffer_
  int64_t wake_at_us_ = 0;      // the sleep ends then, for a batch that waits
  int64_t sync_since_ms_ = 0;  // of the fsync the helper is busy with
  bool slow_fsync_told_ = false;
  uint64_t delayed_fsyncs_ = 0;
  bool last_write_ok_ = true;
  int64_t write_delay_us_ = 0;
  std::string write_error_;
  std::function<void()> on_synced_;

  std::unique_ptr<Rewrite> rewrite_;
  bool rewrite_scheduled_ = false;
  int64_t rewrite_started_s_ = 0;
  int64_t last_rewrite_s_ = -1;
  bool last_rewrite_ok_ = true;
  uint64_t rewrites_ = 0;
  uint64_t rewrite_failures_ = 0;  // in a row
  int64_t next_rewrite_ms_ = 0;    // after failures: not before this
  int64_t base_bytes_ = 0;       // all files when the last base was made: growth is measured against it
  int64_t current_bytes_ = 0;
  int64_t increment_from_ = 0;   // written_ when the open increment was opened
  std::shared_ptr<bool> alive_;
};

}  // namespace windlass::persistence
