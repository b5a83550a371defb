// The records of atomic migrations on disk, beside nodes.conf: read at start, and
// replaced whole (fsync, rename, fsync of the folder) by a helper thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "node/base/log.h"
#include "node/base/result.h"
#include "node/base/worker_thread.h"
#include "node/migration/job_records.h"
#include "node/net/event_loop.h"

namespace windlass::server {

class MigrationFile {
 public:
  using OnSaved = std::function<void(bool ok)>;

  MigrationFile(net::EventLoop* loop, base::Logger* log, std::string path) : loop_(loop), log_(log), path_(std::move(path)) {}
  ~MigrationFile() { *alive_ = false; }

  base::Result<migration::JobRecords> Load() const;
  // Later saves are written later; `done`, if set, is called on the loop's thread.
  void Save(const migration::JobRecords& records, OnSaved done);
  // Returns when it is on disk, or is not: for a replica, which acknowledges by its next word.
  bool SaveNow(const migration::JobRecords& records);
  // Everything saved so far is on disk.
  bool settled() const { return running_ == 0 && !failed_; }
  // The latest save did not succeed, and none is under way.
  bool stale() const { return running_ == 0 && failed_; }

 private:
  net::EventLoop* loop_;
  base::Logger* log_;
  const std::string path_;
  int running_ = 0;
  uint64_t newest_ = 0;  // save that was asked for
  bool failed_ = false;  // the newest of those that have ended
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  base::WorkerThread helper_;  // last: joined before the rest goes
};

}  // namespace windlass::server
