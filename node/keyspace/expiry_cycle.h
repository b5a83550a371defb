// Finds expired keys that nobody asks for.
//
// Buckets know which of their entries have an expiry, so the cycle reads bucket
// arrays in order and touches only those entries; tables without any are skipped
// by their counts. It goes on where it stopped. In each database a call looks at
// a fixed number of candidates and goes on while more than a tenth of them were
// expired, until its time is over: so the share of expired keys in memory stays
// small, and a node with few of them spends little.
#pragma once

#include <cstdint>
#include <vector>

#include "node/keyspace/arena.h"
#include "node/slot/slot.h"

namespace windlass::keyspace {

class Keyspace;
class Database;

class ExpiryCycle {
 public:
  explicit ExpiryCycle(Keyspace& keyspace) : keyspace_(keyspace) {}
  // REQUIRES: ExpiryMode::kDelete. Returns the keys deleted.
  size_t Step(int64_t now_ms, int64_t budget_us);

 private:
  struct Tally {
    size_t candidates = 0;
    size_t expired = 0;
    int64_t ttl_sum_ms = 0;
    size_t ttl_count = 0;
  };
  // One chunk of buckets; true at the end of a pass over the database.
  bool Chunk(Database& db, int64_t now_ms, Tally* tally);
  // False: the time was over first.
  bool StepDatabase(Database& db, int64_t now_ms, int64_t end_us, Tally* tally);

  Keyspace& keyspace_;
  size_t next_database_ = 0;
  struct Expired {
    slot::SlotId slot;
    Handle handle;
  };
  std::vector<Expired> expired_;  // of the chunk at hand
};

}  // namespace windlass::keyspace
