// Bytes that would take too much memory, kept in a file without a name until they are
// read again. The helper thread writes; what is still on its way is read from memory.
// The pages are clean soon after they were given, so that the kernel can drop them, and
// the disk gets its room back as pieces are dropped. Loop thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "node/base/worker_thread.h"

namespace windlass::persistence {

class SpillFile {
 public:
  // The folder must exist; nothing is opened before the first Append.
  SpillFile(base::WorkerThread* worker, std::string folder);
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  // Takes a piece; its position. REQUIRES: usable()
  int64_t Append(std::string bytes);
  // A piece, whole: its position and size as Append had them. False: the disk fails.
  bool Read(int64_t position, size_t size, std::string* bytes);
  // Pieces before this position are read no more.
  void DropBefore(int64_t position);

  // False once a write failed: what was not written stays readable from memory.
  bool usable() const;
  // Bytes given that are not in the file yet: they take memory.
  size_t in_flight();

 private:
  struct Shared;
  struct Piece;
  void ForgetWritten();

  base::WorkerThread* worker_;
  std::shared_ptr<Shared> shared_;
  std::deque<std::shared_ptr<Piece>> pieces_;  // on their way, oldest first
  size_t in_flight_ = 0;
  int64_t end_ = 0;       // position of the next piece
  int64_t dropped_ = 0;   // positions before it were given back
};

}  // namespace windlass::persistence
