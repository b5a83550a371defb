// See zset_index.h.
//
// Invariant: with 2^b <= buckets_ < 2^(b+1), the buckets below buckets_ - 2^b and
// those from 2^b on have been split at b+1 bits; the others hold b bits.
#include "node/types/zset_index.h"

#include <bit>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

#include "node/types/element_hash.h"

namespace windlass::types {
namespace {

// Entries in the allocation that holds `count` of them and the header: the
// allocator's sizes are multiples of 16, then of 32, then of 64.
uint32_t CapacityFor(size_t count) {
  const size_t bytes = 8 + 8 * count;
  const size_t step = bytes <= 128 ? 16 : std::bit_floor(bytes - 1) / 4;
  return static_cast<uint32_t>(((bytes + step - 1) / step * step - 8) / 8);
}

}  // namespace

ZsetIndex::ZsetIndex() : bytes_(sizeof *this) { AddBucket(); }

ZsetIndex::~ZsetIndex() { FreeStep(buckets_); }

ZsetIndex::ZsetIndex(const ZsetIndex& other) : ZsetIndex() {
  while (buckets_ < other.buckets_) AddBucket();
  for (size_t i = 0; i < buckets_; ++i) {
    if (const Bucket* from = other.bucket(i)) Store(i, entries(from), from->count);
  }
  size_ = other.size_;
}

size_t ZsetIndex::Index(uint64_t hash) const {
  const size_t whole = std::bit_floor(buckets_);
  const size_t index = hash & (2 * whole - 1);
  return index < buckets_ ? index : index - whole;
}

void ZsetIndex::Prefetch(uint32_t hash) const {
  if (const Bucket* here = bucket(Index(hash))) __builtin_prefetch(here);
}

ZsetIndex::Entry* ZsetIndex::Locate(Entry entry) {
  Bucket* here = bucket(Index(entry.hash));
  for (Entry* e = entries(here);; ++e) {
    assert(e < entries(here) + here->count);
    if (e->hash == entry.hash && e->leaf == entry.leaf) return e;
  }
}

void ZsetIndex::Append(size_t index, Entry entry) {
  Bucket*& here = bucket(index);
  const uint32_t count = here == nullptr ? 0 : here->count;
  if (here == nullptr || count == here->capacity) {
    const uint32_t capacity = CapacityFor(count + 1);
    const size_t had = here == nullptr ? 0 : BucketBytes(here->capacity);
    void* memory = std::realloc(here, BucketBytes(capacity));
    if (memory == nullptr) throw std::bad_alloc();
    bytes_ = bytes_ - had + BucketBytes(capacity);
    here = static_cast<Bucket*>(memory);
    here->capacity = capacity;
  }
  entries(here)[count] = entry;
  here->count = count + 1;
}

// Gives a bucket these entries in place of its own.
void ZsetIndex::Store(size_t index, const Entry* from, size_t count) {
  Bucket*& here = bucket(index);
  if (here != nullptr) {
    bytes_ -= BucketBytes(here->capacity);
    std::free(here);
    here = nullptr;
  }
  if (count == 0) return;
  const uint32_t capacity = CapacityFor(count);
  void* memory = std::malloc(BucketBytes(capacity));
  if (memory == nullptr) throw std::bad_alloc();
  here = static_cast<Bucket*>(memory);
  here->capacity = capacity;
  here->count = static_cast<uint32_t>(count);
  std::memcpy(entries(here), from, count * sizeof(Entry));
  bytes_ += BucketBytes(capacity);
}

void ZsetIndex::Add(Entry entry) {
  Append(Index(entry.hash), entry);
  ++size_;
  if (size_ > buckets_ * kMeanInBucket) Split();
}

void ZsetIndex::Erase(Entry entry) {
  Entry* gone = Locate(entry);
  const size_t index = Index(entry.hash);
  Bucket* here = bucket(index);
  *gone = entries(here)[--here->count];
  if (here->count * 2 < here->capacity) {
    const std::vector<Entry> rest(entries(here), entries(here) + here->count);
    Store(index, rest.data(), rest.size());
  }
  --size_;
  if (buckets_ > 1 && size_ < buckets_ * kFewInBucket) Join();
}

void ZsetIndex::Replace(Entry entry, uint32_t leaf) { Locate(entry)->leaf = leaf; }

void ZsetIndex::AddBucket() {
  if (buckets_ == segments_.size() * kSegment) {
    segments_.push_back(std::make_unique<Bucket*[]>(kSegment));
    bytes_ += kSegment * sizeof(Bucket*);
  }
  bucket(buckets_++) = nullptr;
}

void ZsetIndex::RemoveBucket() {
  assert(bucket(buckets_ - 1) == nullptr);
  --buckets_;
  if (buckets_ % kSegment == 0) {
    segments_.pop_back();
    bytes_ -= kSegment * sizeof(Bucket*);
  }
}

// One bucket gives half of its entries to a new one.
void ZsetIndex::Split() {
  const size_t whole = std::bit_floor(buckets_);
  const size_t from = buckets_ - whole;
  AddBucket();
  const Bucket* old = bucket(from);
  if (old == nullptr) return;
  std::vector<Entry> stay;
  std::vector<Entry> leave;
  for (uint32_t i = 0; i < old->count; ++i) {
    const Entry entry = entries(old)[i];
    ((entry.hash & whole) != 0 ? leave : stay).push_back(entry);
  }
  Store(from, stay.data(), stay.size());
  Store(buckets_ - 1, leave.data(), leave.size());
}

// The last bucket goes back to the one it came from.
void ZsetIndex::Join() {
  const size_t last = buckets_ - 1;
  const size_t into = last - std::bit_floor(last);
  if (const Bucket* moved = bucket(last)) {
    for (uint32_t i = 0; i < moved->count; ++i) Append(into, entries(moved)[i]);
    Store(last, nullptr, 0);
  }
  RemoveBucket();
}

uint64_t ZsetIndex::Scan(uint64_t cursor, std::vector<Entry>* out) const {
  out->clear();
  const size_t index = Index(cursor);
  if (const Bucket* here = bucket(index)) out->assign(entries(here), entries(here) + here->count);
  const size_t whole = std::bit_floor(buckets_);
  const bool split = index >= whole || index + whole < buckets_;
  const uint64_t mask = (split ? 2 * whole : whole) - 1;
  cursor |= ~mask;
  return ReverseBits(ReverseBits(cursor) + 1);
}

bool ZsetIndex::FreeStep(size_t buckets) {
  for (; buckets > 0 && buckets_ > 0; --buckets) {
    if (const Bucket* last = bucket(buckets_ - 1)) {
      size_ -= last->count;
      Store(buckets_ - 1, nullptr, 0);
    }
    RemoveBucket();
  }
  return buckets_ == 0;
}

}  // namespace windlass::types
