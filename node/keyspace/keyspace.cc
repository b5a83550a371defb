// Keyspace: set-up, freeing in the background, totals.
#include "node/keyspace/keyspace.h"

#include <algorithm>

#include "node/base/clock.h"
#include "node/base/worker_thread.h"
#include "node/keyspace/entry_builder.h"
#include "node/keyspace/expiry_cycle.h"
#include "node/types/change_watch.h"

namespace windlass::keyspace {

namespace {

constexpr size_t kFreeBatch = 128;     // entries freed between looks at the clock
// Freed by the helper thread from this size on: a container is many pieces.
constexpr size_t kBigObjectBytes = size_t{32} << 10;
constexpr size_t kHugeBytes = size_t{1} << 20;  // goes to the helper even if it was not asked for
constexpr size_t kBigBlobBytes = size_t{1} << 20;
constexpr int kStretchBatch = 32;      // homes moved between looks at the clock
constexpr int kSlotsPerStep = 256;     // slots looked at for stretches in one step

}  // namespace

Keyspace::Keyspace(const Options& options, base::Random random)
    : arena_(options.arena_bytes),
      random_(random),
      hash_seed_(random_.Next()),
      cluster_mode_(options.cluster_mode),
      expiry_cycle_(std::make_unique<ExpiryCycle>(*this)) {
  const int databases = options.cluster_mode ? 1 : options.databases;
  for (int i = 0; i < databases; ++i) {
    databases_.push_back(std::make_unique<Database>(*this, i, options.cluster_mode));
  }
}

Keyspace::~Keyspace() {
  databases_.clear();
  while (!abandoned_ && !graveyard_.empty()) FreeSome(kFreeBatch);
}

void Keyspace::AddObserver(ChangeObserver* observer) { observers_.push_back(observer); }

void Keyspace::RemoveObserver(ChangeObserver* observer) {
  observers_.erase(std::remove(observers_.begin(), observers_.end(), observer), observers_.end());
}

size_t Keyspace::table_bytes() const {
  size_t bytes = 0;
  for (const auto& db : databases_) {
    db->occupied_.ForEach([&](slot::SlotId slot) { bytes += db->table(slot).bucket_bytes(); });
  }
  return bytes;
}

void Keyspace::ResetFreedKeys() {
  const uint64_t pending = pending_free_keys();
  freed_in_steps_ = 0;
  freed_by_helper_.store(0, std::memory_order_relaxed);
  pending_keys_ = pending;
}

size_t Keyspace::used_bytes() const { return arena_.used_bytes() + heap_bytes_; }

size_t Keyspace::ExpireStep(int64_t now_ms, int64_t budget_us) { return expiry_cycle_->Step(now_ms, budget_us); }

void Keyspace::Discard(Entry* entry, bool later) {
  const bool is_blob = EntryBuilder::HoldsBlob(*entry);
  const bool is_object = entry->type() != types::Type::kString;
  const size_t bytes = is_blob || is_object ? entry->ExternalBytes() : 0;
  // Nobody can tell when memory goes, but everybody a pause of milliseconds.
  const size_t big = !later ? kHugeBytes : is_object ? kBigObjectBytes : kBigBlobBytes;
  if (bytes < big) {
    EntryBuilder::Free(arena_, entry);
    return;
  }
  const EntryValue value = EntryBuilder::ValueOf(*entry, true);
  if (is_object) types::TellGone(*value.object);  // here, for the helper may not
  EntryBuilder::FreeShell(arena_, entry);
  const uint64_t counts = later ? 1 : 0;
  pending_keys_ += counts;
  pending_free_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  Freer().Run([this, value, is_blob, bytes, counts] {
    is_blob ? types::Blob::Destroy(value.blob) : delete value.object;
    pending_free_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    freed_by_helper_.fetch_add(counts, std::memory_order_relaxed);
  });
}

base::WorkerThread& Keyspace::Freer() {
  if (freer_ == nullptr) freer_ = std::make_unique<base::WorkerThread>();
  return *freer_;
}

void Keyspace::FreeInBackground(std::shared_ptr<void> thing) {
  Freer().Run([thing = std::move(thing)]() mutable { thing.reset(); });
}

void Keyspace::Bury(SlotTable table, bool later) {
  const size_t keys = later ? table.size() : 0;
  graveyard_.push_back({std::move(table), 0, keys});
  if (later) {
    pending_keys_ += keys;
    return;
  }
  Dropped& last = graveyard_.back();
  while (!last.table.FreeStep(context(), &last.next_bucket, SIZE_MAX)) {
  }
  graveyard_.pop_back();
}

void Keyspace::FreeSome(size_t entries) {
  Dropped& last = graveyard_.back();
  if (!last.table.FreeStep(context(), &last.next_bucket, entries)) return;
  freed_in_steps_ += last.keys;
  graveyard_.pop_back();
}

bool Keyspace::StretchSome() {
  bool more = false;
  for (const auto& db : databases_) {
    const size_t tables = db->tables_.size();
    const size_t looked = std::min<size_t>(tables, kSlotsPerStep);
    for (size_t i = 0; i < looked; ++i) {
      SlotTable& table = db->tables_[(stretch_cursor_ + i) % tables];
      if (table.stretching() && table.StretchStep(context(), kStretchBatch)) more = true;
    }
  }
  if (!more) stretch_cursor_ = (stretch_cursor_ + kSlotsPerStep) % slot::kSlotCount;
  return more;
}

bool Keyspace::BackgroundStep(int64_t budget_us) {
  base::SystemClock clock;
  const int64_t end = clock.MonotonicUs() + budget_us;
  do {
    const bool stretching = StretchSome();
    if (!graveyard_.empty()) FreeSome(kFreeBatch);
    if (!stretching && graveyard_.empty()) return false;
  } while (clock.MonotonicUs() < end);
  return true;
}

size_t Keyspace::FlushAll(bool later) {
  size_t keys = 0;
  for (const auto& db : databases_) keys += db->Flush(later);
  return keys;
}

}  // namespace windlass::keyspace
