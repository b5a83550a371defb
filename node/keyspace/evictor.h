// Chooses which key goes when memory runs out.
//
// By LRU, LFU or time to live the choice is by sampling: each eviction looks at a few
// keys of every database and remembers the best of all it ever looked at in a pool of
// sixteen; the best of the pool goes. So the choice is much better than the best of
// one sample. A candidate that was used since it was looked at is dropped from the
// pool: it is not the one that it was taken for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "node/slot/slot.h"

namespace windlass::keyspace {

class Database;
class Entry;
class Keyspace;

// The values of maxmemory-policy.
enum class EvictionPolicy : uint8_t {
  kVolatileLru, kVolatileLfu, kVolatileRandom, kVolatileTtl, kAllKeysLru, kAllKeysLfu, kAllKeysRandom, kNone,
};

class Evictor {
 public:
  explicit Evictor(Keyspace* keyspace) : keyspace_(keyspace) {}

  struct Options {
    EvictionPolicy policy = EvictionPolicy::kNone;
    int samples = 5;
    bool later = false;  // big values are freed by the helper thread
  };
  // Deletes one key. False: the policy finds none that may go.
  bool EvictOne(const Options& options, int64_t now_ms);

 private:
  struct Candidate {
    uint64_t score;  // the higher, the sooner it goes
    int db;
    slot::SlotId slot;
    std::string key;
  };
  static constexpr size_t kPoolSize = 16;

  uint64_t ScoreOf(const Entry& entry, EvictionPolicy policy, int64_t now_ms) const;
  bool EvictRandom(const Options& options, bool expiring_only);
  bool FillPool(const Options& options, bool expiring_only, int64_t now_ms);
  void Offer(uint64_t score, int db, slot::SlotId slot, const Entry& entry);
  bool EvictFromPool(const Options& options, bool expiring_only, int64_t now_ms);

  Keyspace* keyspace_;
  EvictionPolicy pool_policy_ = EvictionPolicy::kNone;  // scores of another one mean nothing
  std::vector<Candidate> pool_;  // ascending by score, at most kPoolSize
  size_t next_database_ = 0;     // random policies take databases in turn
};

}  // namespace windlass::keyspace
