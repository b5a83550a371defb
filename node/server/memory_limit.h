// maxmemory: how much is used, asked before every command, and making room.
//
// What counts is what INFO calls used_memory less what eviction cannot help: the
// part of the replication log beyond the backlog, and the AOF's buffer. The exact
// figure is the allocator's and costs microseconds, so it is read ten times a second;
// between, the loop's thread adds what its own allocations and frees change, from
// counters the allocator keeps for each thread. Values that a helper thread still has
// to free count as freed.
#pragma once

#include <cstdint>

#include "node/commands/ports.h"
#include "node/keyspace/evictor.h"

namespace windlass::server {

class MemoryLimit final : public commands::MemoryGuard {
 public:
  explicit MemoryLimit(commands::Node* node);

  // Evicts if need be, for a bounded time. False: the limit is exceeded and nothing
  // can go, so commands that may grow the data are refused.
  bool MakeRoom() {
    if (maxmemory_ == 0) [[likely]] return keyspace_has_room();
    return MakeRoomWithin(maxmemory_);
  }
  // End of a turn: goes on where MakeRoom ran out of time, and makes room for what came
  // without asking: a master's commands, arriving slots. True: more is to be done.
  bool GoOn();
  // Reads the exact figures.
  void Resync();

  // commands::MemoryGuard
  int64_t UsedBytes() const override;
  int64_t NotCountedBytes() const override;
  bool RefusesGrowth() const override { return (maxmemory_ != 0 && full_) || !keyspace_has_room(); }
  int64_t ExceededUs() const override;
  int64_t CurrentExceededUs() const override;
  void ResetExceeded() override { exceeded_total_us_ = 0; }

 private:
  bool keyspace_has_room() const;
  bool MakeRoomWithin(int64_t limit);
  bool Over(int64_t limit) const;
  bool MayEvict() const;
  // Deletes until it is enough. False: nothing is left that may go.
  bool Evict(int64_t limit);
  int64_t TimeLimitUs() const;
  void NoteExceeded(bool exceeded);
  int64_t ThreadBytes() const;

  commands::Node* node_;
  keyspace::Evictor evictor_;
  const int64_t& maxmemory_;
  const int64_t& policy_;
  const int64_t& samples_;
  const int64_t& tenacity_;
  const int64_t& lazy_eviction_;
  const int64_t& replica_ignores_;
  const int64_t& latency_threshold_ms_;
  // The allocator's counters of this thread; null where there are none.
  const uint64_t* thread_allocated_ = nullptr;
  const uint64_t* thread_freed_ = nullptr;
  int64_t base_bytes_ = 0;  // what the process has from the allocator, less ThreadBytes()
  int64_t not_counted_ = 0; // as of the last Resync
  bool full_ = false;
  bool unfinished_ = false;  // eviction ran out of time
  int64_t exceeded_since_us_ = 0;  // 0: within the limit
  int64_t exceeded_total_us_ = 0;
};

}  // namespace windlass::server
