// A hash table of strings, with or without a value each, made of small packed
// leaves: the large form of hashes and sets, and the member index of sorted sets.
//
// Linear hashing. Leaf `i` holds the elements whose hash ends in i's bits; the
// table grows by splitting one leaf and shrinks by joining two, so that no step
// touches more than two leaves and nothing is ever rehashed as a whole. A leaf is
// one allocation of about a dozen elements
//
//   { tag(1) key-length(1-2) [value-length(1-2)] key [value] }*
//
// searched by tag. An element too long for a leaf stands in an allocation of its
// own, of which the leaf keeps the address (tag, 0xFF, address), so that leaves stay
// small whatever is put in.
//
// Views into the table are good until its next change. Not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/types/change_watch.h"

namespace windlass::types {

class PackedTable {
 public:
  // `with_values`: as for a hash; else a set of keys.
  explicit PackedTable(bool with_values);
  ~PackedTable();
  PackedTable(const PackedTable& other);
  PackedTable& operator=(const PackedTable&) = delete;

  struct Element {
    std::string_view key;
    std::string_view value;
  };

  size_t size() const { return size_; }
  size_t MemoryBytes() const { return bytes_; }
  std::optional<std::string_view> Find(std::string_view key) const;
  bool Contains(std::string_view key) const { return Find(key).has_value(); }
  // True if the key is new; otherwise its value was replaced.
  bool Set(std::string_view key, std::string_view value = {});
  // False: it was not there.
  bool Erase(std::string_view key);

  // SCAN: calls f for the elements of one leaf; returns the next cursor, 0 at the
  // end. Elements present during a whole scan are met.
  using Visitor = std::function<void(Element)>;
  uint64_t Scan(uint64_t cursor, const Visitor& f) const;
  // Whether a scan that has got to `cursor` is past the place of this key, be it there or not.
  static bool IsBefore(std::string_view key, uint64_t cursor);
  // Every element, in no order of meaning.
  void ForEach(const Visitor& f) const;
  // Uniform over the elements; `random` returns uniform 64-bit numbers. REQUIRES: not empty
  Element Random(const std::function<uint64_t()>& random) const;
  // Frees about `leaves` leaves from the end, and what they hold; true when none is left.
  bool FreeStep(size_t leaves);
  // Told of every key that Set and Erase are called for.
  Watches& watches() const { return watches_; }

 private:
  struct Leaf {
    uint32_t bytes;  // of elements, behind this header
    uint32_t count;
  };
  // Where an element lies within its leaf.
  struct Place {
    size_t at = 0;   // offset of the tag
    size_t end = 0;  // offset behind the element
    Element element = {};
    char* far = nullptr;  // the allocation it stands in, if not in the leaf
  };

  static uint64_t HashOf(std::string_view key);
  size_t LeafIndex(uint64_t hash) const;
  Leaf*& leaf(size_t index) { return segments_[index / kSegment][index % kSegment]; }
  const Leaf* leaf(size_t index) const { return segments_[index / kSegment][index % kSegment]; }
  static char* data(Leaf* leaf) { return reinterpret_cast<char*>(leaf + 1); }
  static const char* data(const Leaf* leaf) { return reinterpret_cast<const char*>(leaf + 1); }

  size_t EndOf(const char* bytes, size_t at) const;
  Place Read(const Leaf* leaf, size_t at) const;
  // Nothing: the key is not there.
  std::optional<Place> Locate(const Leaf* leaf, uint8_t tag, std::string_view key) const;
  // The element as it stands in a leaf; returns its length. `out` has kMostEncodedBytes.
  size_t Encode(uint8_t tag, Element element, char* out);
  void FreeFar(const Place& place);
  // Replaces the bytes [at, end) of a leaf.
  void Splice(size_t index, size_t at, size_t end, std::string_view bytes);
  void Store(size_t index, std::string_view bytes, uint32_t count);
  void AddLeaf();
  void RemoveLeaf();
  void Split();
  void Join();

  static constexpr size_t kSegment = 64;         // leaf pointers allocated together
  static constexpr size_t kMeanPerLeaf = 12;     // more: split
  static constexpr size_t kFewPerLeaf = 4;       // fewer: join
  static constexpr size_t kLongestInline = 512;  // bytes of key and value together kept in a leaf
  static constexpr size_t kMostEncodedBytes = kLongestInline + 5;  // tag and two lengths

  const bool with_values_;
  size_t size_ = 0;
  size_t bytes_ = 0;
  size_t leaves_ = 0;
  size_t most_in_leaf_ = 0;  // an upper bound, for uniform picks
  std::vector<std::unique_ptr<Leaf*[]>> segments_;
  mutable Watches watches_;
};

}  // namespace windlass::types
