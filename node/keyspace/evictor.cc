// See evictor.h.
#include "node/keyspace/evictor.h"

#include <algorithm>
#include <utility>

#include "node/keyspace/keyspace.h"

namespace windlass::keyspace {
namespace {

bool TakesExpiringOnly(EvictionPolicy policy) { return policy <= EvictionPolicy::kVolatileTtl; }

}  // namespace

uint64_t Evictor::ScoreOf(const Entry& entry, EvictionPolicy policy, int64_t now_ms) const {
  switch (policy) {
    case EvictionPolicy::kVolatileTtl:
      return UINT64_MAX - static_cast<uint64_t>(entry.expire_at_ms());
    case EvictionPolicy::kVolatileLfu:
    case EvictionPolicy::kAllKeysLfu:
      return 255 - AccessClock::Frequency(entry.access(), keyspace_->access_options(), now_ms);
    default:
      return static_cast<uint64_t>(AccessClock::IdleSeconds(entry.access(), now_ms));
  }
}

void Evictor::Offer(uint64_t score, int db, slot::SlotId slot, const Entry& entry) {
  const auto at = std::find_if(pool_.begin(), pool_.end(), [score](const Candidate& c) { return c.score >= score; });
  if (pool_.size() == kPoolSize && at == pool_.begin()) return;  // worse than all
  for (auto same = at; same != pool_.end() && same->score == score; ++same) {
    if (same->db == db && same->key == entry.key()) return;
  }
  Candidate candidate{score, db, slot, {}};
  size_t index = static_cast<size_t>(at - pool_.begin());
  if (pool_.size() == kPoolSize) {
    candidate.key = std::move(pool_.front().key);  // its memory serves again
    pool_.erase(pool_.begin());
    --index;
  }
  candidate.key.assign(entry.key());
  pool_.insert(pool_.begin() + static_cast<std::ptrdiff_t>(index), std::move(candidate));
}

bool Evictor::FillPool(const Options& options, bool expiring_only, int64_t now_ms) {
  bool any = false;
  for (int i = 0; i < keyspace_->database_count(); ++i) {
    Database& db = keyspace_->db(i);
    if ((expiring_only ? db.visible_expires_size() : db.visible_size()) == 0) continue;
    db.Sample(expiring_only, options.samples, [&](slot::SlotId slot, Entry& entry) {
      any = true;
      Offer(ScoreOf(entry, options.policy, now_ms), i, slot, entry);
    });
  }
  return any;
}

bool Evictor::EvictFromPool(const Options& options, bool expiring_only, int64_t now_ms) {
  while (!pool_.empty()) {
    const Candidate best = std::move(pool_.back());
    pool_.pop_back();
    Database& db = keyspace_->db(best.db);
    if (db.IsHidden(best.slot)) continue;  // hidden since
    const Entry* entry = db.Peek(best.slot, best.key);
    if (entry == nullptr || (expiring_only && !entry->has_expiry())) continue;
    if (ScoreOf(*entry, options.policy, now_ms) < best.score) continue;  // used since
    db.Evict(best.slot, best.key, options.later);
    return true;
  }
  return false;
}

bool Evictor::EvictRandom(const Options& options, bool expiring_only) {
  const size_t databases = static_cast<size_t>(keyspace_->database_count());
  for (size_t i = 0; i < databases; ++i) {
    Database& db = keyspace_->db(static_cast<int>(next_database_));
    next_database_ = (next_database_ + 1) % databases;
    const Entry* entry = nullptr;
    slot::SlotId slot = 0;
    if (expiring_only) {
      db.Sample(true, 1, [&](slot::SlotId in, Entry& sampled) {
        slot = in;
        entry = &sampled;
      });
    } else {
      entry = db.RandomEntry(&slot);
    }
    if (entry == nullptr) continue;
    const std::string key(entry->key());
    db.Evict(slot, key, options.later);
    return true;
  }
  return false;
}

bool Evictor::EvictOne(const Options& options, int64_t now_ms) {
  const EvictionPolicy policy = options.policy;
  if (policy == EvictionPolicy::kNone) return false;
  const bool expiring_only = TakesExpiringOnly(policy);
  if (policy == EvictionPolicy::kVolatileRandom || policy == EvictionPolicy::kAllKeysRandom) {
    return EvictRandom(options, expiring_only);
  }
  if (pool_policy_ != policy) pool_.clear();
  pool_policy_ = policy;
  // What was just sampled is as it was taken for, so a round without an eviction
  // empties the pool of older candidates and the next one ends it.
  while (FillPool(options, expiring_only, now_ms)) {
    if (EvictFromPool(options, expiring_only, now_ms)) return true;
  }
  return false;
}

}  // namespace windlass::keyspace
