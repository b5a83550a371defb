// A file that a helper thread writes: the loop hands over bytes, learns how many
// are still on the way, and is told when the file stands under its final name,
// fsynced, or why not.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "node/base/result.h"
#include "node/base/worker_thread.h"

namespace windlass::persistence {

// Runs a function on the loop's thread in a coming turn. Any thread.
using PostToLoop = std::function<void(std::function<void()>)>;

class BackgroundFile {
 public:
  BackgroundFile(base::WorkerThread* worker, PostToLoop post, std::string path);
  // A file that was not finished is removed.
  ~BackgroundFile();
  BackgroundFile(const BackgroundFile&) = delete;
  BackgroundFile& operator=(const BackgroundFile&) = delete;

  void Append(std::string bytes);
  // Bytes given and not yet written.
  size_t in_flight() const { return shared_->in_flight.load(std::memory_order_relaxed); }
  // fsync, rename to `final_path` (empty: keeps its name), fsync of the folder;
  // then `done` on the loop's thread, with the size. Nothing may follow.
  using Done = std::function<void(base::Result<int64_t>)>;
  void Finish(std::string final_path, Done done);
  // The same at once, on the calling thread, after what is queued.
  base::Result<int64_t> FinishNow(const std::string& final_path);

  const std::string& path() const { return shared_->path; }

 private:
  struct Shared {
    std::string path;
    std::atomic<size_t> in_flight{0};
    // Touched by the worker only.
    int fd = -1;
    int64_t written = 0;
    std::string error;
  };
  static void Open(Shared* file);
  static void Write(Shared* file, const std::string& bytes);
  static base::Result<int64_t> Close(Shared* file, const std::string& final_path);
  static void Remove(Shared* file);

  base::WorkerThread* worker_;
  PostToLoop post_;
  std::shared_ptr<Shared> shared_;
  bool finished_ = false;
};

// write(2) until all is written or it fails.
bool WriteFully(int fd, std::string_view bytes, size_t* written);

}  // namespace windlass::persistence
