// A hash table of entries: 64-byte buckets of twelve one-byte tags and twelve
// handles. It holds the keys of one hash slot, or of a whole database.
//
// Where a key lives. The upper 32 bits of its hash are its *position*; with n
// buckets its home is bucket position*n / 2^32. So buckets are in order of
// position, whatever n is. When its home is full an entry goes to the next lower
// bucket with room (wrapping), and every bucket passed counts one overflow: a
// search stops at the first bucket that was never passed.
//
// Growing and shrinking. n takes the values 4, 5, 6, 7 times a power of two, so
// that the fill stays between 0.7 and 0.9. A small table is rebuilt at once. A
// large one *stretches*: the homes of the old size are moved one after the other,
// a few per operation, from the top down when growing and from the bottom up when
// shrinking; `boundary` separates positions by which size counts for them.
//
// Walking. A walk goes by position, not by bucket: keys that exist from its
// beginning to its end are met exactly once however often the table changes size
// meanwhile, and a key is already visited iff its position is below the walk's.
// SCAN and snapshots stand on this.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "node/keyspace/arena.h"
#include "node/keyspace/entry.h"

namespace windlass::keyspace {

struct KeyHash {
  uint32_t position;
  uint8_t tag;  // 1..255
};

// What a table needs of its database. Tables are small and many: they do not keep it.
struct TableContext {
  Arena* arena;
  uint64_t seed;        // of the hash; the same for the life of the process
  size_t* heap_bytes;   // total outside the arena: blobs, containers, bucket arrays
  size_t* mapped_bytes = nullptr;  // of those, what the allocator does not know of; may be null

  KeyHash Hash(std::string_view key) const;
  Entry* At(Handle handle) const { return static_cast<Entry*>(arena->At(handle)); }
};

struct alignas(64) Bucket {
  static constexpr int kSlots = 12;
  uint8_t tags[kSlots];  // 0: free
  uint16_t expiring;     // bit i: entry i has an expiry
  uint16_t overflow;     // entries that passed here looking for room
  Handle handles[kSlots];
};
static_assert(sizeof(Bucket) == 64);

class SlotTable {
 public:
  static constexpr uint64_t kEnd = uint64_t{1} << 32;  // past the last position

  // Where an entry's handle is stored; good until the next insertion or erasure.
  struct Place {
    Bucket* bucket = nullptr;
    int index = 0;
    explicit operator bool() const { return bucket != nullptr; }
    Handle handle() const { return bucket->handles[index]; }
  };

  SlotTable() = default;
  SlotTable(SlotTable&& other) noexcept { Swap(other); }
  SlotTable& operator=(SlotTable&& other) noexcept {
    Swap(other);
    return *this;
  }
  // Frees nothing: a table that held keys must have been freed by FreeStep, or its
  // arena goes with it. See Database::~Database.
  ~SlotTable() = default;

  uint32_t size() const { return count_; }
  uint32_t expiring() const { return expiring_; }
  size_t entry_bytes() const { return bytes_; }   // entries and what they point to
  size_t bucket_bytes() const;

  Place Find(const TableContext& context, KeyHash hash, std::string_view key) const;
  void Prefetch(KeyHash hash) const {
    if (buckets_ != nullptr) __builtin_prefetch(&buckets_[HomeOf(hash.position).home]);
  }
  // Fetches entries that may match; the bucket should be in the cache.
  void PrefetchMatches(const TableContext& context, KeyHash hash) const;
  // Fetches their containers; the entries should be in the cache. False: there are none.
  bool PrefetchObjects(const TableContext& context, KeyHash hash) const;
  // Fetches what small containers point to; they should be in the cache.
  void PrefetchContents(const TableContext& context, KeyHash hash) const;
  // Makes an empty table as large as so many keys need, so that filling it moves none.
  // It shrinks again at a removal if they did not come. REQUIRES: size() == 0
  void Reserve(const TableContext& context, uint64_t keys);
  // REQUIRES: no entry with this key is present.
  void Insert(const TableContext& context, KeyHash hash, Handle handle);
  // Takes the entry out; it is the caller's now. Sizes are those of before.
  void Remove(const TableContext& context, KeyHash hash, Place place);
  // The entry at `place` moved or changed: sizes and expiry of before and after.
  struct Footprint {
    size_t bytes;
    bool expiring;
  };
  void Update(Place place, Handle handle, Footprint before, Footprint after);

  // Calls f(Entry&) for the entries of one home bucket at positions >= `from`;
  // returns the position to go on from, kEnd at the end. f must not change the table.
  template <typename F>
  uint64_t Walk(const TableContext& context, uint64_t from, F&& f) const;
  // Calls f(Entry&) for the entries with expiry in `buckets` buckets from index
  // `bucket` on, reading no other entry; returns the next index, 0 at the end.
  template <typename F>
  uint32_t WalkExpiring(const TableContext& context, uint32_t bucket, uint32_t buckets, F&& f) const;

  // A uniformly chosen entry; `random` yields 64 random bits. Null if empty.
  template <typename R>
  Entry* RandomEntry(const TableContext& context, R&& random) const;

  // Calls f(Entry&) for up to `count` entries, all or those with expiry, that follow
  // a random place. Neighbours in the table have nothing in common: a fair sample.
  template <typename R, typename F>
  void Sample(const TableContext& context, R&& random, bool expiring_only, int count, F&& f) const;

  // Bounded background work: moves up to `homes` homes of a stretch under way.
  // True if more is left.
  bool StretchStep(const TableContext& context, int homes);
  bool stretching() const { return stretch_ != nullptr; }
  // For dropped tables: frees entries from bucket `*next` on until about `entries`
  // are gone, at last the buckets; true when all is freed.
  bool FreeStep(const TableContext& context, uint32_t* next, size_t entries);

 private:
  struct Stretch {
    uint32_t to;         // the new number of buckets
    uint32_t next_home;  // the next home of the old size to move
    uint64_t boundary;   // positions on the moved side of it use the new size
    bool growing;
  };
  struct Home {
    uint32_t home;
    uint32_t modulus;
  };
  static uint32_t HomeFor(uint64_t position, uint32_t n) {
    return static_cast<uint32_t>(position * n >> 32);
  }
  // The lowest position whose home among n is `home`.
  static uint64_t LowestPosition(uint32_t home, uint32_t n) {
    return ((uint64_t{home} << 32) + n - 1) / n;
  }
  Home HomeOf(uint32_t position) const {
    if (stretch_ != nullptr) [[unlikely]] return StretchHome(position);
    return {HomeFor(position, bucket_count_), bucket_count_};
  }
  Home StretchHome(uint32_t position) const;
  // The position from which on keys have another home than those at `position`.
  uint64_t HomeEnd(uint32_t position) const;
  // Buckets that exist, also during a stretch.
  uint32_t PhysicalBuckets() const;
  void Swap(SlotTable& other) noexcept;
  void PrefetchHome(const TableContext& context, uint32_t home) const;
  void PrefetchHomeObjects(const TableContext& context, uint32_t home) const;
  void PrefetchHomeContents(const TableContext& context, uint32_t home) const;
  template <typename F>
  void ForContainersOf(const TableContext& context, const Bucket& bucket, uint32_t which, F&& f) const;
  void Put(KeyHash hash, Handle handle, bool expiring);
  void TakeOut(KeyHash hash, Place place);
  void GrowIfFull(const TableContext& context);
  void ShrinkIfSparse(const TableContext& context);
  void Rebuild(const TableContext& context, uint32_t to);
  void BeginStretch(const TableContext& context, uint32_t to);
  void EndStretch(const TableContext& context);
  void MoveHome(const TableContext& context, uint32_t home);

  Bucket* buckets_ = nullptr;
  std::unique_ptr<Stretch> stretch_;
  size_t bytes_ = 0;
  uint32_t bucket_count_ = 0;  // the old size during a stretch
  uint32_t count_ = 0;
  uint32_t expiring_ = 0;
};

template <typename F>
uint64_t SlotTable::Walk(const TableContext& context, uint64_t from, F&& f) const {
  if (count_ == 0 || from >= kEnd) return kEnd;
  const Home home = HomeOf(static_cast<uint32_t>(from));
  const uint64_t end = HomeEnd(static_cast<uint32_t>(from));
  uint32_t index = home.home;
  if (index + 3 < home.modulus) {  // what the next steps read
    PrefetchHome(context, index + 3);
    PrefetchHomeObjects(context, index + 2);
    PrefetchHomeContents(context, index + 1);
  }
  for (uint32_t probes = 0; probes < home.modulus; ++probes) {
    const Bucket& bucket = buckets_[index];
    for (int i = 0; i < Bucket::kSlots; ++i) {
      if (bucket.tags[i] == 0) continue;
      Entry* entry = context.At(bucket.handles[i]);
      const uint64_t position = context.Hash(entry->key()).position;
      if (position >= from && position < end) f(*entry);
    }
    if (bucket.overflow == 0) break;
    index = index == 0 ? home.modulus - 1 : index - 1;
  }
  return end;
}

template <typename F>
uint32_t SlotTable::WalkExpiring(const TableContext& context, uint32_t bucket, uint32_t buckets, F&& f) const {
  const uint32_t physical = PhysicalBuckets();
  const uint32_t end = bucket + buckets < physical ? bucket + buckets : physical;
  for (; bucket < end; ++bucket) {
    for (uint32_t bits = buckets_[bucket].expiring; bits != 0; bits &= bits - 1) {
      f(*context.At(buckets_[bucket].handles[__builtin_ctz(bits)]));
    }
  }
  return end == physical ? 0 : end;
}

template <typename R, typename F>
void SlotTable::Sample(const TableContext& context, R&& random, bool expiring_only, int count, F&& f) const {
  if ((expiring_only ? expiring_ : count_) == 0) return;
  const uint64_t slots = uint64_t{PhysicalBuckets()} * Bucket::kSlots;
  const auto fits = [&](uint64_t at) {
    const Bucket& bucket = buckets_[at / Bucket::kSlots];
    const int index = static_cast<int>(at % Bucket::kSlots);
    return bucket.tags[index] != 0 && (!expiring_only || (bucket.expiring >> index & 1) != 0);
  };
  // The run begins at an entry that was drawn: who follows a gap is no likelier.
  constexpr int kDraws = 64;
  uint64_t slot = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    slot = static_cast<uint64_t>(static_cast<unsigned __int128>(random()) * slots >> 64);
    if (fits(slot)) break;
  }
  for (uint64_t looked = 0; looked < slots && count > 0; ++looked, slot = slot + 1 == slots ? 0 : slot + 1) {
    if (!fits(slot)) continue;
    f(*context.At(buckets_[slot / Bucket::kSlots].handles[slot % Bucket::kSlots]));
    --count;
  }
}

template <typename R>
Entry* SlotTable::RandomEntry(const TableContext& context, R&& random) const {
  if (count_ == 0) return nullptr;
  const uint64_t slots = uint64_t{PhysicalBuckets()} * Bucket::kSlots;
  // The fill is rarely below a third, so few draws are needed; after that, the
  // next entry from a random place is random enough.
  constexpr int kDraws = 64;
  uint64_t slot = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    slot = static_cast<uint64_t>(static_cast<unsigned __int128>(random()) * slots >> 64);
    const Bucket& bucket = buckets_[slot / Bucket::kSlots];
    if (bucket.tags[slot % Bucket::kSlots] != 0) return context.At(bucket.handles[slot % Bucket::kSlots]);
  }
  while (true) {
    slot = slot + 1 == slots ? 0 : slot + 1;
    const Bucket& bucket = buckets_[slot / Bucket::kSlots];
    if (bucket.tags[slot % Bucket::kSlots] != 0) return context.At(bucket.handles[slot % Bucket::kSlots]);
  }
}

}  // namespace windlass::keyspace
