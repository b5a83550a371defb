// Which leaf of a sorted set holds a member: a hash table of (hash, leaf id), eight
// bytes an element. The member itself stands in the leaf alone, so a hit here is a
// candidate: the leaf decides.
//
// Linear hashing as in PackedTable: the table grows by splitting one bucket at a
// time, so no step touches more than two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace windlass::types {

class ZsetIndex {
 public:
  ZsetIndex();
  ~ZsetIndex();
  ZsetIndex(const ZsetIndex& other);
  ZsetIndex& operator=(const ZsetIndex&) = delete;

  struct Entry {
    uint32_t hash;
    uint32_t leaf;
  };

  size_t MemoryBytes() const { return bytes_; }
  void Add(Entry entry);
  // REQUIRES (both): the entry is there
  void Erase(Entry entry);
  void Replace(Entry entry, uint32_t leaf);
  // Calls f(leaf id) for each candidate until it returns true; whether one did.
  template <typename F>
  bool Find(uint32_t hash, F&& f) const {
    const Bucket* bucket = this->bucket(Index(hash));
    if (bucket == nullptr) return false;
    for (uint32_t i = 0; i < bucket->count; ++i) {
      const Entry entry = entries(bucket)[i];
      if (entry.hash == hash && f(entry.leaf)) return true;
    }
    return false;
  }
  // Brings the hash's bucket near: a hint.
  void Prefetch(uint32_t hash) const;
  // The entries of one bucket, in *out; returns the next cursor, 0 at the end.
  uint64_t Scan(uint64_t cursor, std::vector<Entry>* out) const;
  // Frees about `buckets` buckets from the end; true when none is left.
  bool FreeStep(size_t buckets);

 private:
  struct Bucket {
    uint32_t count;
    uint32_t capacity;
  };

  static size_t BucketBytes(size_t capacity) { return sizeof(Bucket) + capacity * sizeof(Entry); }
  size_t Index(uint64_t hash) const;
  Bucket*& bucket(size_t index) { return segments_[index / kSegment][index % kSegment]; }
  const Bucket* bucket(size_t index) const { return segments_[index / kSegment][index % kSegment]; }
  static Entry* entries(Bucket* bucket) { return reinterpret_cast<Entry*>(bucket + 1); }
  static const Entry* entries(const Bucket* bucket) { return reinterpret_cast<const Entry*>(bucket + 1); }
  Entry* Locate(Entry entry);
  void Append(size_t index, Entry entry);
  void Store(size_t index, const Entry* from, size_t count);
  void AddBucket();
  void RemoveBucket();
  void Split();
  void Join();

  static constexpr size_t kSegment = 64;      // bucket addresses allocated together
  static constexpr size_t kMeanInBucket = 16; // more: split
  static constexpr size_t kFewInBucket = 5;   // fewer: join

  size_t size_ = 0;
  size_t bytes_ = 0;
  size_t buckets_ = 0;
  std::vector<std::unique_ptr<Bucket*[]>> segments_;
};

}  // namespace windlass::types
