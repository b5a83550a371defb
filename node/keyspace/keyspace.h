// All databases of a node, the memory they share, and what is true for all of
// them: who decides on expiry, who is told of changes, the counters.
//
// Belongs to the loop's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "node/base/random.h"
#include "node/keyspace/access_clock.h"
#include "node/keyspace/arena.h"
#include "node/keyspace/database.h"
#include "node/keyspace/observers.h"
#include "node/types/limits.h"

namespace windlass::base {
class WorkerThread;
}

namespace windlass::keyspace {

// What finding a key past its time means.
enum class ExpiryMode {
  kDelete,  // this node decides: delete it, tell the ExpiryListener (a master)
  kHide,    // it reads as absent, deleting is the master's business (a replica,
            // or a master whose writes are paused)
  kIgnore,  // it is still there (loading, and commands that come from the master)
};

struct KeyspaceStats {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t expired_keys = 0;
  uint64_t evicted_keys = 0;
  uint64_t expire_cycle_us = 0;        // time spent in the expiry cycle
  double expired_stale_perc = 0;       // estimated share of keys past their time, percent
  uint64_t expired_time_cap_reached_count = 0;
};

class ExpiryCycle;

class Keyspace {
 public:
  struct Options {
    int databases = 16;  // 1 in cluster mode
    bool cluster_mode = false;
    size_t arena_bytes = size_t{32} << 30;  // of addresses, not of memory
  };
  Keyspace(const Options& options, base::Random random);
  ~Keyspace();
  // The process is about to end: nothing is freed one by one, which takes seconds for many
  // keys. Nothing but the destructor may follow.
  void Abandon() { abandoned_ = true; }

  int database_count() const { return static_cast<int>(databases_.size()); }
  Database& db(int index) { return *databases_[index]; }
  const Database& db(int index) const { return *databases_[index]; }
  bool cluster_mode() const { return cluster_mode_; }

  // --- time and expiry.
  // Unix ms that stamp what is made from now on. Whoever looks a key up tells the time with
  // it; who may store without looking tells it here.
  void set_clock_ms(int64_t now_ms) { clock_ms_ = now_ms; }
  ExpiryMode expiry_mode() const { return expiry_mode_; }
  void set_expiry_mode(ExpiryMode mode) { expiry_mode_ = mode; }
  // Runs for at most `budget_us`, by the real clock; call `hz` times a second on
  // a node in mode kDelete. Returns the keys it deleted.
  size_t ExpireStep(int64_t now_ms, int64_t budget_us);

  // --- who is told. Not owned; remove before it dies.
  void AddObserver(ChangeObserver* observer);
  void RemoveObserver(ChangeObserver* observer);
  void set_change_listener(ChangeListener* listener) { change_listener_ = listener; }
  void set_expiry_listener(ExpiryListener* listener) { expiry_listener_ = listener; }
  void set_miss_listener(MissListener* listener) { miss_listener_ = listener; }

  // --- counters.
  // Grows by one with every change. Propagation compares it around a command.
  uint64_t dirty() const { return dirty_; }
  // For changes that are none of the Database functions.
  void AddDirty(uint64_t changes) { dirty_ += changes; }
  KeyspaceStats& stats() { return stats_; }
  const KeyspaceStats& stats() const { return stats_; }
  // Keys with values, tables, and what waits to be freed.
  size_t used_bytes() const;
  // What lives beside the allocator: entries, and large tables.
  size_t unallocated_bytes() const { return arena_.used_bytes() + mapped_bytes_; }
  // Tables alone.
  size_t table_bytes() const;
  // Values given to the helper thread and not freed yet.
  size_t pending_free_bytes() const { return pending_free_bytes_.load(std::memory_order_relaxed); }
  // Keys whose memory was or is still to be freed in the background.
  uint64_t pending_free_keys() const { return pending_keys_ - freed_keys(); }
  uint64_t freed_keys() const { return freed_in_steps_ + freed_by_helper_.load(std::memory_order_relaxed); }
  void ResetFreedKeys();
  // False: the address range of entries is nearly used up; deny writes as OOM.
  bool has_room() const { return arena_.has_room(); }

  AccessOptions& access_options() { return access_options_; }
  // Whether a big value that another replaces is freed by the helper thread.
  void set_replaces_later(bool later) { replaces_later_ = later; }
  // When containers change their encoding.
  types::Limits& limits() { return limits_; }
  const types::Limits& limits() const { return limits_; }

  // Frees dropped tables, finishes stretches: bounded by `budget_us`. True if more
  // is left; call it every turn while so, and `hz` times a second otherwise.
  bool BackgroundStep(int64_t budget_us);
  // Whether dropped tables are among what is left.
  bool freeing() const { return !graveyard_.empty(); }
  // For what is large and in no table: freed by the helper thread.
  void FreeInBackground(std::shared_ptr<void> thing);
  // Everything in every database, FLUSHALL.
  size_t FlushAll(bool later);

 private:
  friend class Database;
  friend class ExpiryCycle;
  friend class Evictor;
  friend class ObjectEdit;

  TableContext context() { return {&arena_, hash_seed_, &heap_bytes_, &mapped_bytes_}; }
  // A dropped table, freed up to `next_bucket`.
  struct Dropped {
    SlotTable table;
    uint32_t next_bucket;
    size_t keys;  // that count as freed when it is done
  };
  // Frees an entry that no table holds any more; `later`: a big value by the helper
  // thread, for which freeing a large mapping is no hurry. A huge one always.
  void Discard(Entry* entry, bool later);
  void Bury(SlotTable table, bool later);
  void FreeSome(size_t entries);
  bool StretchSome();

  Arena arena_;
  base::Random random_;
  uint64_t hash_seed_;
  bool cluster_mode_;
  ExpiryMode expiry_mode_ = ExpiryMode::kDelete;
  int64_t clock_ms_ = 0;  // the newest time told: stamps new entries
  uint64_t dirty_ = 0;
  bool abandoned_ = false;
  std::vector<ChangeObserver*> observers_;
  ChangeListener* change_listener_ = nullptr;
  ExpiryListener* expiry_listener_ = nullptr;
  MissListener* miss_listener_ = nullptr;
  AccessOptions access_options_;
  bool replaces_later_ = false;
  types::Limits limits_;
  KeyspaceStats stats_;
  size_t heap_bytes_ = 0;  // outside the arena: blobs, containers, large bucket arrays
  size_t mapped_bytes_ = 0;  // of those, bucket arrays in mappings of their own
  uint64_t pending_keys_ = 0;    // ever put off; freed_keys() of them are gone
  uint64_t freed_in_steps_ = 0;
  std::atomic<uint64_t> freed_by_helper_{0};
  std::atomic<size_t> pending_free_bytes_{0};
  std::vector<Dropped> graveyard_;
  base::WorkerThread& Freer();
  std::unique_ptr<base::WorkerThread> freer_;  // started when first needed
  size_t stretch_cursor_ = 0;
  std::unique_ptr<ExpiryCycle> expiry_cycle_;
  std::vector<std::unique_ptr<Database>> databases_;
};

}  // namespace windlass::keyspace
