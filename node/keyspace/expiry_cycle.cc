// ExpiryCycle: one pass in chunks.
#include "node/keyspace/expiry_cycle.h"

#include <algorithm>

#include "node/base/clock.h"
#include "node/keyspace/keyspace.h"

namespace windlass::keyspace {

namespace {

constexpr uint32_t kChunkBuckets = 64;      // about 4 KiB of buckets between looks at the clock
constexpr size_t kCandidatesPerRound = 400;
constexpr size_t kMaxIdleChunks = 4096;     // chunks of one call that need not find anything

// For the mean: no longer than this, about 3500 years, counts.
constexpr int64_t kLongestCountedTtlMs = int64_t{1} << 47;

}  // namespace

bool ExpiryCycle::Chunk(Database& db, int64_t now_ms, Tally* tally) {
  const TableContext context = keyspace_.context();
  int slot = static_cast<int>(db.expiry_cursor_ >> 32);
  uint32_t bucket = static_cast<uint32_t>(db.expiry_cursor_);
  expired_.clear();
  uint32_t looked = 0;
  // Small tables: several to a chunk.
  while (looked < kChunkBuckets && slot >= 0) {
    const SlotTable& table = db.tables_[static_cast<size_t>(slot)];
    uint32_t next = 0;
    if (table.expiring() != 0 && !db.IsHidden(static_cast<slot::SlotId>(slot))) {
      next = table.WalkExpiring(context, bucket, kChunkBuckets - looked, [&](Entry& entry) {
        ++tally->candidates;
        if (entry.IsExpired(now_ms)) {
          expired_.push_back({static_cast<slot::SlotId>(slot), context.arena->HandleOf(&entry)});
        } else {
          // A key may live to the end of time: the sum must not run over.
          tally->ttl_sum_ms += std::min(entry.expire_at_ms() - now_ms, kLongestCountedTtlMs);
          ++tally->ttl_count;
        }
      });
      looked += next == 0 ? static_cast<uint32_t>(table.bucket_bytes() / sizeof(Bucket)) - bucket : next - bucket;
    } else {
      ++looked;
    }
    bucket = next;
    if (next == 0) {
      const int following = db.occupied_.Next(slot + 1);
      if (following < 0) {
        slot = -1;
        break;
      }
      slot = following;
    }
  }
  const bool end = slot < 0;
  db.expiry_cursor_ = end ? 0 : static_cast<uint64_t>(slot) << 32 | bucket;
  for (const Expired& e : expired_) db.DeleteExpiredEntry(e.slot, context.At(e.handle));
  tally->expired += expired_.size();
  return end;
}

bool ExpiryCycle::StepDatabase(Database& db, int64_t now_ms, int64_t end_us, Tally* tally) {
  base::SystemClock clock;
  size_t idle_chunks = 0;
  Tally pass;  // since the call or the last end of the table
  while (db.expires_size_ != 0) {
    Tally round;
    bool end = false;
    while (!end && round.candidates < kCandidatesPerRound) {
      const size_t before = round.candidates;
      end = Chunk(db, now_ms, &round);
      if (round.candidates == before && ++idle_chunks >= kMaxIdleChunks) end = true;
      if (clock.MonotonicUs() >= end_us) {
        tally->candidates += round.candidates;
        tally->expired += round.expired;
        return false;
      }
    }
    tally->candidates += round.candidates;
    tally->expired += round.expired;
    if (round.ttl_count != 0) {
      const int64_t mean = round.ttl_sum_ms / static_cast<int64_t>(round.ttl_count);
      db.average_ttl_ms_ = db.average_ttl_ms_ == 0 ? mean : db.average_ttl_ms_ / 50 * 49 + mean / 50;
    }
    pass.candidates += round.candidates;
    pass.expired += round.expired;
    // Deleting shrinks the table, which moves entries past the cursor: a pass that
    // deleted much is followed by another.
    const Tally& judged = end ? pass : round;
    if (judged.expired * 10 <= judged.candidates) return true;
    if (end) pass = {};
  }
  db.average_ttl_ms_ = 0;
  return true;
}

size_t ExpiryCycle::Step(int64_t now_ms, int64_t budget_us) {
  base::SystemClock clock;
  const int64_t start_us = clock.MonotonicUs();
  keyspace_.clock_ms_ = now_ms;
  Tally tally;
  const size_t databases = keyspace_.databases_.size();
  for (size_t i = 0; i < databases; ++i) {
    Database& db = *keyspace_.databases_[next_database_];
    if (!StepDatabase(db, now_ms, start_us + budget_us, &tally)) {
      ++keyspace_.stats_.expired_time_cap_reached_count;
      break;  // this database goes on next time
    }
    next_database_ = (next_database_ + 1) % databases;
  }
  KeyspaceStats& stats = keyspace_.stats_;
  const double share =
      tally.candidates == 0 ? 0 : static_cast<double>(tally.expired) * 100 / static_cast<double>(tally.candidates);
  stats.expired_stale_perc = stats.expired_stale_perc * 0.95 + share * 0.05;
  stats.expire_cycle_us += static_cast<uint64_t>(clock.MonotonicUs() - start_us);
  return tally.expired;
}

}  // namespace windlass::keyspace
