// A queue of byte strings that takes little memory: what is above its budget waits in
// a file. Loop thread only.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "node/persistence/spill_file.h"

namespace windlass::persistence {

class SpillQueue {
 public:
  SpillQueue(base::WorkerThread* worker, std::string folder, size_t memory_budget)
      : file_(worker, std::move(folder)), budget_(memory_budget) {}

  void Push(std::string bytes);
  // The oldest. False: it was on a disk that fails. REQUIRES: !empty()
  bool Pop(std::string* bytes);
  bool empty() const { return items_.empty(); }
  // Grows beyond the budget only while the disk is slow or full.
  size_t memory_bytes() { return memory_bytes_ + file_.in_flight(); }

 private:
  struct Item {
    std::string bytes;      // empty if it is in the file
    int64_t position = -1;  // in the file
    size_t size = 0;
  };
  SpillFile file_;
  const size_t budget_;
  std::deque<Item> items_;
  size_t memory_bytes_ = 0;
};

}  // namespace windlass::persistence
