// SAVE, BGSAVE, save points and what INFO tells of them.
//
// A background save is a snapshot stepped on the loop, its bytes written and
// fsynced by a helper thread, the file renamed into place when whole. Loop thread
// only; whoever owns the loop calls Step while active() and Cron ten times a second.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/base/clock.h"
#include "node/base/log.h"
#include "node/base/result.h"
#include "node/base/worker_thread.h"
#include "node/persistence/background_file.h"
#include "node/persistence/rdb_stream.h"
#include "node/snapshot/snapshot.h"

namespace windlass::persistence {

struct SaveSettings {
  std::string folder = ".";
  std::string file_name = "dump.rdb";
  bool compress = true;
  bool checksum = true;
  bool stop_writes_on_error = true;
  struct Point {
    int64_t seconds;
    int64_t changes;
  };
  std::vector<Point> points;
  std::string server_version = "7.2.0";
};

class SaveService {
 public:
  struct Parts {
    snapshot::Engine* engine;
    base::Logger* log;
    base::Clock* clock;
    base::WorkerThread* worker;
    PostToLoop post;
    const SaveSettings* settings;
    // What goes into the file so that a restarted server can resume; may be empty.
    std::function<std::optional<RdbReplicationPoint>()> replication_point;
    std::vector<std::string>* functions;
  };
  explicit SaveService(Parts parts);
  ~SaveService();

  // SAVE and shutdown: returns when the file stands. Refused during a background save.
  base::Result<void> SaveNow();
  // Returns at once; `done` (may be null) is called when the file stands or will not.
  using Done = std::function<void(bool ok)>;
  base::Result<void> StartBackground(Done done);
  // BGSAVE SCHEDULE: as soon as nothing else writes.
  void Schedule() { scheduled_ = true; }
  void AbortBackground(std::string_view reason);
  // Leaves no background save under way: ends one, or waits for its last fsync.
  void Settle(std::string_view reason);

  bool active() const { return stream_ != nullptr; }       // needs Step
  bool in_progress() const { return file_ != nullptr || finishing_; }
  // The options for a snapshot that is an RDB of all there is.
  RdbStreamOptions StreamOptions(bool aof_base) const;
  snapshot::Engine* engine() const { return parts_.engine; }
  std::string FilePath() const;

  // False: nothing was done, the disk is behind.
  bool Step(int64_t budget_us);
  // Save points, and scheduled saves. `busy`: another writer of snapshots is at work.
  void Cron(bool busy);
  // What is loaded counts as saved.
  void MarkClean();

  struct Report {
    uint64_t changes_since_save = 0;
    bool in_progress = false;
    int64_t last_save_unix_s = 0;
    bool last_ok = true;
    int64_t last_duration_s = -1;
    int64_t current_duration_s = -1;
    uint64_t saves = 0;
    uint64_t keys_processed = 0;
    uint64_t keys_total = 0;
  };
  Report report() const;
  int64_t last_save_unix_s() const { return last_save_unix_s_; }
  // A save point had to act and could not: writes are refused if so configured.
  bool writes_refused() const { return !last_ok_ && parts_.settings->stop_writes_on_error && !parts_.settings->points.empty(); }

 private:
  void Finished(base::Result<int64_t> result);
  void Succeeded(uint64_t dirty_at_start);
  bool AllowCapture(size_t pending);
  std::string TemporaryPath() const;
  int64_t NowS() const { return parts_.clock->UnixMs() / 1000; }
  void StopStream();

  Parts parts_;
  std::unique_ptr<RdbStream> stream_;
  std::unique_ptr<BackgroundFile> file_;
  bool finishing_ = false;
  Done done_;
  bool scheduled_ = false;
  uint64_t clean_dirty_ = 0;      // the keyspace's counter when all was on disk
  uint64_t dirty_at_start_ = 0;   // of the save under way
  uint64_t keys_total_ = 0;
  int64_t started_unix_s_ = 0;
  int64_t last_save_unix_s_;
  int64_t last_try_unix_s_ = 0;
  int64_t last_duration_s_ = -1;
  bool last_ok_ = true;
  uint64_t saves_ = 0;
  std::shared_ptr<bool> alive_;
};

}  // namespace windlass::persistence
