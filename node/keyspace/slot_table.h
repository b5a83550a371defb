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
  uint64_t seed;  // of the hash; the same for the life of the process

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
  SlotTable(SlotTable&& other) noexcept;
  SlotTable& operator=(SlotTable&& other) noexcept;
  ~SlotTable();  // REQUIRES: empty, and Release was called

  uint32_t size() const { return count_; }
  uint32_t expiring() const { return expiring_; }
  size_t entry_bytes() const { return bytes_; }   // entries and what they point to
  size_t bucket_bytes() const;

  Place Find(const TableContext& context, KeyHash hash, std::string_view key) const;
  void Prefetch(KeyHash hash) const {
    if (buckets_ != nullptr) __builtin_prefetch(&buckets_[HomeOf(hash.position).home]);
  }
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
  // Same, but only entries that have an expiry; reads other entries' tags only.
  template <typename F>
  uint64_t WalkExpiring(const TableContext& context, uint64_t from, F&& f) const;

  // A uniformly chosen entry; `random` yields 64 random bits. Null if empty.
  template <typename R>
  Entry* RandomEntry(const TableContext& context, R&& random) const;

  // Bounded background work: moves up to `homes` homes of a stretch under way.
  // True if more is left.
  bool StretchStep(const TableContext& context, int homes);
  // Frees up to `entries` entries and, at last, the buckets; true when empty.
  // No searching in between. For dropped tables.
  bool FreeStep(const TableContext& context, size_t entries);

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
  struct Moving {
    KeyHash hash;
    Handle handle;
    bool expiring;
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
  uint64_t HomeEnd(uint64_t position) const;
  void Place_(KeyHash hash, Handle handle, bool expiring);
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

}  // namespace windlass::keyspace
