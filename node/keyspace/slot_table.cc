// SlotTable: searching, placing, and changing size.
#include "node/keyspace/slot_table.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "node/keyspace/bucket_storage.h"
#include "node/keyspace/entry_builder.h"

namespace windlass::keyspace {

namespace {

constexpr uint32_t kMaxRebuildBuckets = 64;  // larger tables stretch
constexpr int kHomesPerOperation = 2;
constexpr uint16_t kOverflowStuck = 0xffff;  // a counter that got here stays

// Bits of the entries of a bucket whose tag is `tag`.
uint32_t MatchTag(const Bucket& bucket, uint8_t tag) {
#if defined(__SSE2__)
  const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(&bucket));
  const __m128i wanted = _mm_set1_epi8(static_cast<char>(tag));
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(tags, wanted))) & 0xfff;
#else
  uint32_t bits = 0;
  for (int i = 0; i < Bucket::kSlots; ++i) bits |= static_cast<uint32_t>(bucket.tags[i] == tag) << i;
  return bits;
#endif
}

// The numbers of buckets a table may have: 1 to 8, then 4, 5, 6, 7 x 2^k.
uint32_t NextSize(uint32_t n) { return n < 8 ? n + 1 : n + std::bit_floor(n) / 4; }

// The most entries n buckets may hold: nine in ten, a single bucket all.
uint64_t Limit(uint32_t n) { return n == 1 ? Bucket::kSlots : uint64_t{n} * Bucket::kSlots * 9 / 10; }

// A table below this is too sparse.
uint64_t Floor(uint32_t n) { return uint64_t{n} * Bucket::kSlots * 2 / 5; }

// The smallest size that holds `count` at a fill of 0.7, so that neither growing
// nor shrinking follows at once.
uint32_t SizeFor(uint64_t count) {
  uint32_t n = 1;
  while (uint64_t{n} * Bucket::kSlots * 7 / 10 < count) n = NextSize(n);
  return n;
}

void PrefetchEntries(const TableContext& context, const Bucket& bucket) {
  for (int i = 0; i < Bucket::kSlots; ++i) {
    if (bucket.tags[i] != 0) __builtin_prefetch(context.At(bucket.handles[i]));
  }
}

// Most entries lie in two lines: the key in the first, the value in both.
void PrefetchWhole(const Entry* entry) {
  constexpr size_t kLineBytes = 64;
  const char* bytes = reinterpret_cast<const char*>(entry);
  __builtin_prefetch(bytes);
  __builtin_prefetch(bytes + kLineBytes);
}

size_t EntryBytes(const Entry& entry) { return entry.AllocatedBytes() + entry.ExternalBytes(); }

}  // namespace

KeyHash TableContext::Hash(std::string_view key) const {
  const uint64_t hash = XXH3_64bits_withSeed(key.data(), key.size(), seed);
  const uint8_t tag = static_cast<uint8_t>(hash);
  return {static_cast<uint32_t>(hash >> 32), tag == 0 ? uint8_t{1} : tag};
}

void SlotTable::Swap(SlotTable& other) noexcept {
  std::swap(buckets_, other.buckets_);
  std::swap(stretch_, other.stretch_);
  std::swap(bytes_, other.bytes_);
  std::swap(bucket_count_, other.bucket_count_);
  std::swap(count_, other.count_);
  std::swap(expiring_, other.expiring_);
}

uint32_t SlotTable::PhysicalBuckets() const {
  return stretch_ != nullptr ? std::max(bucket_count_, stretch_->to) : bucket_count_;
}

size_t SlotTable::bucket_bytes() const { return PhysicalBuckets() * sizeof(Bucket); }

SlotTable::Home SlotTable::StretchHome(uint32_t position) const {
  const bool moved = stretch_->growing == (position >= stretch_->boundary);
  const uint32_t n = moved ? stretch_->to : bucket_count_;
  return {HomeFor(position, n), n};
}

uint64_t SlotTable::HomeEnd(uint32_t position) const {
  const Home home = HomeOf(position);
  const uint64_t end = home.home + 1 == home.modulus ? kEnd : LowestPosition(home.home + 1, home.modulus);
  if (stretch_ != nullptr && position < stretch_->boundary) return std::min(end, stretch_->boundary);
  return end;
}

SlotTable::Place SlotTable::Find(const TableContext& context, KeyHash hash, std::string_view key) const {
  if (count_ == 0) return {};
  const Home home = HomeOf(hash.position);
  uint32_t index = home.home;
  for (uint32_t probes = 0; probes < home.modulus; ++probes) {
    Bucket& bucket = buckets_[index];
    for (uint32_t bits = MatchTag(bucket, hash.tag); bits != 0; bits &= bits - 1) {
      const int i = __builtin_ctz(bits);
      if (context.At(bucket.handles[i])->key() == key) return {&bucket, i};
    }
    if (bucket.overflow == 0) return {};
    index = index == 0 ? home.modulus - 1 : index - 1;
  }
  return {};
}

void SlotTable::PrefetchHome(const TableContext& context, uint32_t home) const {
  const Bucket& bucket = buckets_[home];
  for (int i = 0; i < Bucket::kSlots; ++i) {
    if (bucket.tags[i] != 0) PrefetchWhole(context.At(bucket.handles[i]));
  }
}

// f(object) for the containers among the slots whose bits are set. The entries should be in
// the cache.
template <typename F>
void SlotTable::ForContainersOf(const TableContext& context, const Bucket& bucket, uint32_t which, F&& f) const {
  for (; which != 0; which &= which - 1) {
    const int i = __builtin_ctz(which);
    if (bucket.tags[i] == 0) continue;
    const Entry& entry = *context.At(bucket.handles[i]);
    if (entry.type() != types::Type::kString) f(*entry.object());
  }
}

namespace {

constexpr uint32_t kAllSlots = (1u << Bucket::kSlots) - 1;
constexpr auto kNear = [](const types::Object& object) { __builtin_prefetch(&object); };
constexpr auto kContentNear = [](const types::Object& object) { object.Prefetch(); };

}  // namespace

void SlotTable::PrefetchHomeObjects(const TableContext& context, uint32_t home) const {
  ForContainersOf(context, buckets_[home], kAllSlots, kNear);
}

void SlotTable::PrefetchHomeContents(const TableContext& context, uint32_t home) const {
  ForContainersOf(context, buckets_[home], kAllSlots, kContentNear);
}

void SlotTable::PrefetchMatches(const TableContext& context, KeyHash hash) const {
  if (count_ == 0) return;
  const Bucket& bucket = buckets_[HomeOf(hash.position).home];
  for (uint32_t bits = MatchTag(bucket, hash.tag); bits != 0; bits &= bits - 1) {
    PrefetchWhole(context.At(bucket.handles[__builtin_ctz(bits)]));
  }
}

bool SlotTable::PrefetchObjects(const TableContext& context, KeyHash hash) const {
  if (count_ == 0) return false;
  const Bucket& bucket = buckets_[HomeOf(hash.position).home];
  bool any = false;
  ForContainersOf(context, bucket, MatchTag(bucket, hash.tag), [&any](const types::Object& object) {
    kNear(object);
    any = true;
  });
  return any;
}

void SlotTable::PrefetchContents(const TableContext& context, KeyHash hash) const {
  if (count_ == 0) return;
  const Bucket& bucket = buckets_[HomeOf(hash.position).home];
  ForContainersOf(context, bucket, MatchTag(bucket, hash.tag), kContentNear);
}

void SlotTable::Put(KeyHash hash, Handle handle, bool expiring) {
  const Home home = HomeOf(hash.position);
  uint32_t index = home.home;
  while (true) {
    Bucket& bucket = buckets_[index];
    if (const uint32_t free = MatchTag(bucket, 0); free != 0) {
      const int i = __builtin_ctz(free);
      bucket.tags[i] = hash.tag;
      bucket.handles[i] = handle;
      if (expiring) bucket.expiring = static_cast<uint16_t>(bucket.expiring | 1u << i);
      return;
    }
    if (bucket.overflow != kOverflowStuck) ++bucket.overflow;
    index = index == 0 ? home.modulus - 1 : index - 1;
    assert(index != home.home);  // GrowIfFull keeps room on every path
  }
}

void SlotTable::TakeOut(KeyHash hash, Place place) {
  const Home home = HomeOf(hash.position);
  const uint32_t at = static_cast<uint32_t>(place.bucket - buckets_);
  for (uint32_t index = home.home; index != at; index = index == 0 ? home.modulus - 1 : index - 1) {
    if (buckets_[index].overflow != kOverflowStuck) --buckets_[index].overflow;
  }
  place.bucket->tags[place.index] = 0;
  place.bucket->handles[place.index] = 0;
  place.bucket->expiring = static_cast<uint16_t>(place.bucket->expiring & ~(1u << place.index));
}

void SlotTable::Reserve(const TableContext& context, uint64_t keys) {
  assert(count_ == 0 && stretch_ == nullptr);
  uint32_t to = 1;
  while (Limit(to) <= keys) to = NextSize(to);
  if (to <= bucket_count_) return;
  if (buckets_ != nullptr) BucketStorage::Free(context, buckets_, bucket_count_);
  buckets_ = BucketStorage::Allocate(context, to);
  bucket_count_ = to;
}

void SlotTable::Insert(const TableContext& context, KeyHash hash, Handle handle) {
  GrowIfFull(context);
  const Entry& entry = *context.At(handle);
  Put(hash, handle, entry.has_expiry());
  ++count_;
  if (entry.has_expiry()) ++expiring_;
  bytes_ += EntryBytes(entry);
}

void SlotTable::Remove(const TableContext& context, KeyHash hash, Place place) {
  const Entry& entry = *context.At(place.handle());
  --count_;
  if (entry.has_expiry()) --expiring_;
  bytes_ -= EntryBytes(entry);
  TakeOut(hash, place);
  ShrinkIfSparse(context);
}

void SlotTable::Update(Place place, Handle handle, Footprint before, Footprint after) {
  place.bucket->handles[place.index] = handle;
  bytes_ += after.bytes;
  bytes_ -= before.bytes;
  if (before.expiring == after.expiring) return;
  const uint16_t bit = static_cast<uint16_t>(1u << place.index);
  if (after.expiring) {
    ++expiring_;
    place.bucket->expiring = static_cast<uint16_t>(place.bucket->expiring | bit);
  } else {
    --expiring_;
    place.bucket->expiring = static_cast<uint16_t>(place.bucket->expiring & ~bit);
  }
}

void SlotTable::GrowIfFull(const TableContext& context) {
  if (stretch_ != nullptr) [[unlikely]] {
    StretchStep(context, kHomesPerOperation);
    // Never let a path run out of room: the smaller of both sizes must hold all.
    if (stretch_ != nullptr) {
      const uint64_t smaller = std::min(bucket_count_, stretch_->to);
      if (count_ + smaller / 4 >= smaller * Bucket::kSlots) StretchStep(context, INT32_MAX);
    }
    if (stretch_ != nullptr) return;
  }
  if (bucket_count_ == 0) {
    buckets_ = BucketStorage::Allocate(context, 1);
    bucket_count_ = 1;
  }
  if (count_ < Limit(bucket_count_)) return;
  const uint32_t to = NextSize(bucket_count_);
  if (to <= kMaxRebuildBuckets) {
    Rebuild(context, to);
  } else {
    BeginStretch(context, to);
    StretchStep(context, kHomesPerOperation);
  }
}

void SlotTable::ShrinkIfSparse(const TableContext& context) {
  if (stretch_ != nullptr) [[unlikely]] {
    StretchStep(context, kHomesPerOperation);
    return;
  }
  if (count_ == 0) {
    BucketStorage::Free(context, buckets_, bucket_count_);
    buckets_ = nullptr;
    bucket_count_ = 0;
    return;
  }
  if (bucket_count_ == 1 || count_ >= Floor(bucket_count_)) return;
  const uint32_t to = SizeFor(count_);
  if (to >= bucket_count_) return;
  if (bucket_count_ <= kMaxRebuildBuckets) {
    Rebuild(context, to);
  } else {
    BeginStretch(context, std::max(to, kMaxRebuildBuckets));
  }
}

void SlotTable::Rebuild(const TableContext& context, uint32_t to) {
  Bucket* old = buckets_;
  const uint32_t old_count = bucket_count_;
  buckets_ = BucketStorage::Allocate(context, to);
  bucket_count_ = to;
  PrefetchEntries(context, old[0]);
  for (uint32_t b = 0; b < old_count; ++b) {
    if (b + 1 < old_count) PrefetchEntries(context, old[b + 1]);
    for (int i = 0; i < Bucket::kSlots; ++i) {
      if (old[b].tags[i] == 0) continue;
      const Handle handle = old[b].handles[i];
      Put(context.Hash(context.At(handle)->key()), handle, (old[b].expiring >> i & 1) != 0);
    }
  }
  BucketStorage::Free(context, old, old_count);
}

void SlotTable::BeginStretch(const TableContext& context, uint32_t to) {
  const bool growing = to > bucket_count_;
  if (growing) buckets_ = BucketStorage::Resize(context, buckets_, bucket_count_, to);
  stretch_ = std::make_unique<Stretch>();
  stretch_->to = to;
  stretch_->growing = growing;
  stretch_->next_home = growing ? bucket_count_ - 1 : 0;
  stretch_->boundary = growing ? kEnd : 0;
}

void SlotTable::EndStretch(const TableContext& context) {
  const uint32_t old_count = bucket_count_;
  const bool growing = stretch_->growing;
  bucket_count_ = stretch_->to;
  stretch_.reset();
  if (!growing) buckets_ = BucketStorage::Resize(context, buckets_, old_count, bucket_count_);
}

bool SlotTable::StretchStep(const TableContext& context, int homes) {
  for (int i = 0; i < homes && stretch_ != nullptr; ++i) {
    const uint32_t home = stretch_->next_home;
    MoveHome(context, home);
    const bool last = stretch_->growing ? home == 0 : home + 1 == bucket_count_;
    if (last) {
      EndStretch(context);
    } else {
      stretch_->next_home = stretch_->growing ? home - 1 : home + 1;
      // The next step finds its entries in the cache.
      PrefetchEntries(context, buckets_[stretch_->next_home]);
    }
  }
  return stretch_ != nullptr;
}

void SlotTable::MoveHome(const TableContext& context, uint32_t home) {
  const uint32_t n = bucket_count_;
  const uint64_t low = LowestPosition(home, n);
  const uint64_t high = home + 1 == n ? kEnd : LowestPosition(home + 1, n);
  struct Moving {
    KeyHash hash;
    Place place;
    Handle handle;
    bool expiring;
  };
  std::vector<Moving> moving;
  moving.reserve(2 * Bucket::kSlots);
  uint32_t index = home;
  for (uint32_t probes = 0; probes < n; ++probes) {
    Bucket& bucket = buckets_[index];
    for (int i = 0; i < Bucket::kSlots; ++i) {
      if (bucket.tags[i] == 0) continue;
      const Handle handle = bucket.handles[i];
      const KeyHash hash = context.Hash(context.At(handle)->key());
      // Others are guests from higher homes, already moved or still to come.
      if (hash.position < low || hash.position >= high) continue;
      moving.push_back({hash, {&bucket, i}, handle, (bucket.expiring >> i & 1) != 0});
    }
    if (bucket.overflow == 0) break;
    index = index == 0 ? n - 1 : index - 1;
  }
  for (const Moving& m : moving) TakeOut(m.hash, m.place);
  stretch_->boundary = stretch_->growing ? low : high;
  for (const Moving& m : moving) Put(m.hash, m.handle, m.expiring);
}

bool SlotTable::FreeStep(const TableContext& context, uint32_t* next, size_t entries) {
  const uint32_t physical = PhysicalBuckets();
  size_t freed = 0;
  for (; *next < physical && freed < entries; ++*next) {
    Bucket& bucket = buckets_[*next];
    if (*next + 1 < physical) PrefetchEntries(context, buckets_[*next + 1]);
    for (int i = 0; i < Bucket::kSlots; ++i) {
      if (bucket.tags[i] == 0) continue;
      Entry* entry = context.At(bucket.handles[i]);
      *context.heap_bytes -= entry->ExternalBytes();
      EntryBuilder::Free(*context.arena, entry);
      bucket.tags[i] = 0;
      ++freed;
    }
  }
  if (*next < physical) return false;
  if (buckets_ != nullptr) BucketStorage::Free(context, buckets_, physical);
  *this = SlotTable();
  return true;
}

}  // namespace windlass::keyspace
