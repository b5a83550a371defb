// nodes.conf on disk: locked for the life of the process, read at start, and
// replaced (temporary file, fsync, rename, fsync of the folder) by a helper thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "node/base/result.h"
#include "node/base/worker_thread.h"
#include "node/net/event_loop.h"

namespace windlass::server {

class NodesConfFile {
 public:
  // Called on the loop's thread: everything up to `ticket` is on disk, or failed.
  using OnSaved = std::function<void(uint64_t ticket, const base::Result<void>& saved)>;

  NodesConfFile(net::EventLoop* loop, std::string path, OnSaved on_saved);
  ~NodesConfFile();
  NodesConfFile(const NodesConfFile&) = delete;
  NodesConfFile& operator=(const NodesConfFile&) = delete;

  // Creates the file if need be and locks it. An error is the whole text for the
  // log: another process holds the lock, or the file cannot be opened.
  base::Result<void> Lock();
  // REQUIRES: Lock succeeded. None: the file is new (empty).
  base::Result<std::optional<std::string>> Load() const;

  // Writes in the background. While one write is under way only the newest
  // content waits; its ticket answers for the older ones.
  void Save(uint64_t ticket, std::string content);
  // Waits for every write given so far and calls OnSaved for them, at once.
  void Drain();

  const std::string& path() const { return path_; }

 private:
  struct Job {
    uint64_t ticket = 0;
    std::string content;
  };
  struct Outcome;

  void Start(Job job);
  void Finish();

  net::EventLoop* loop_;
  const std::string path_;
  OnSaved on_saved_;
  // The lock: a descriptor of the file that now has the name. Written by the
  // helper while a job runs, by the loop otherwise.
  int locked_fd_ = -1;
  std::optional<Job> waiting_;
  std::shared_ptr<Outcome> running_;  // null: the helper is idle
  // Tells what the helper posts whether this object is still there.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  base::WorkerThread helper_;         // last: joined before the rest goes
};

}  // namespace windlass::server
