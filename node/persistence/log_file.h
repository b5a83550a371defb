// An open increment of the append-only log.
//
// Belongs to whoever writes: the loop, or the helper thread while it has a batch. After
// a failure the file is as before, so that a retry does not leave half a command in it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "node/base/result.h"

namespace windlass::persistence {

class LogFile {
 public:
  // Error: what errno says.
  static base::Result<std::shared_ptr<LogFile>> Open(const std::string& path, bool create);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Each returns an empty text, or what failed.
  std::string Append(std::string_view bytes);  // is then with the kernel
  // Is then on disk, with all before it. `ahead`: the file is kept longer than what counts
  // (log_batch.h), so that nothing but the batch has to reach the disk.
  std::string Commit(std::string_view batch, bool ahead);
  std::string Sync();                          // any thread
  // Gives back what was written ahead.
  std::string Trim();
  bool HasFiller() const { return end_ > size_; }

 private:
  LogFile(int fd, int64_t size) : fd_(fd), size_(size), end_(size) {}
  bool HasRoom(size_t bytes) const { return end_ - size_ >= static_cast<int64_t>(bytes); }
  void ReserveBlocks(size_t bytes);
  std::string WriteAhead();
  std::string WriteOverFiller(std::string_view batch);
  std::string Failed(std::string what);

  const int fd_;
  int64_t size_;         // of what counts
  int64_t end_;          // of the file: filler from size_ to there
  int64_t reserved_ = 0; // blocks are reserved to there, behind the end
  bool untidy_ = false;  // what a failure left behind size_ could not be cut off yet
  bool marked_ = false;  // a batch was written, at least an empty one
};

}  // namespace windlass::persistence
