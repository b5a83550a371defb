// The elements of a sorted set in order: a B+ tree of packed leaves that counts what
// is below each node, so that a rank is found and told in one descent, and an index
// from member to leaf (ZsetIndex), so that a member is found without its score.
//
// A member is stored once, in its leaf; the index holds the leaf's number, which
// stays when the leaf moves in memory. When a leaf is split, the entries of what
// moved are changed. Of the first element of each child an inner node holds the
// score and the member's first eight bytes; where they do not decide, that element
// itself is looked at.
//
// While all elements fit in one leaf there is no inner node and nothing that finds leaves.
//
// Views into the tree are good until its next change. Not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "node/types/zset_index.h"
#include "node/types/zset_leaf.h"

namespace windlass::types {

class ZsetTree {
 public:
  ZsetTree();
  ~ZsetTree();
  ZsetTree(const ZsetTree& other);
  ZsetTree& operator=(const ZsetTree&) = delete;

  size_t size() const { return size_; }
  size_t MemoryBytes() const;
  std::optional<double> Find(std::string_view member) const;
  // REQUIRES: the member is not there
  void Insert(double score, std::string_view member);
  // REQUIRES (both): (score, member) is there
  void Erase(double score, std::string_view member);
  void ChangeScore(double from, double to, std::string_view member);

  // How many elements are below the bound.
  size_t CountBelow(const ZsetBound& bound) const;

  // Elements within one leaf.
  struct Run {
    const ZsetLeaf* leaf;
    size_t begin;
    size_t end;
  };
  // The leaf from its element of this rank on. REQUIRES: rank < size()
  Run From(size_t rank) const;
  // The leaf of the first element that is not below the bound, from it on; empty at
  // the end.
  Run From(const ZsetBound& bound) const;
  // Elements [first, first + count) in order, or backwards from the last of them;
  // f(score, member) for each.
  template <typename F>
  void ForRange(size_t first, size_t count, bool backwards, F&& f) const {
    size_t rank = backwards ? first + count : first;
    while (count > 0) {
      const Run run = backwards ? UpTo(rank) : From(rank);
      const size_t here = run.end - run.begin < count ? run.end - run.begin : count;
      for (size_t i = 0; i < here; ++i) {
        const size_t at = backwards ? run.end - 1 - i : run.begin + i;
        f(run.leaf->score(at), run.leaf->member(at));
      }
      count -= here;
      rank = backwards ? rank - here : rank + here;
    }
  }
  // Elements in the order of their hashes, a few at a time: present during a whole
  // scan, an element is met, whatever happens to its score. Returns the next
  // cursor, 0 at the end.
  template <typename F>
  uint64_t Scan(uint64_t cursor, F&& f) const {
    if (finder_ == nullptr) {
      ForRange(0, size_, false, f);
      return 0;
    }
    std::vector<ZsetIndex::Entry> entries;
    const uint64_t next = finder_->index.Scan(cursor, &entries);
    for (const Place& place : PlacesOf(&entries)) f(place.leaf->score(place.at), place.leaf->member(place.at));
    return next;
  }
  struct Element {
    double score;
    std::string_view member;
  };
  // These elements at once, if they are in order, no member stands twice, and one leaf
  // holds them; else false, and nothing was done. REQUIRES: it is empty
  bool Fill(std::span<const Element> elements);
  // Brings a lone leaf near: a hint.
  void Prefetch() const {
    if (height_ == 0 && root_ != nullptr) root_leaf()->Prefetch();
  }
  // Frees about `leaves` leaves; true when nothing is left.
  bool FreeStep(size_t leaves);

 private:
  struct Inner;
  // What finds a member's leaf where there are several.
  struct Finder {
    ZsetIndex index;  // member to leaf id
    // Leaf ids to leaves; of a free id twice the next free one, plus one.
    std::vector<std::unique_ptr<uintptr_t[]>> table;
    uint32_t ids = 0;
    uint32_t free_id = UINT32_MAX;
  };
  struct Place {
    const ZsetLeaf* leaf;
    size_t at;
  };
  // The way down to a leaf.
  struct Step {
    Inner* node;
    size_t at;
  };
  struct Path {
    static constexpr size_t kMaxDepth = 16;
    Step steps[kMaxDepth];
    size_t depth = 0;
  };

  static size_t Route(const Inner& node, const ZsetBound& bound);
  static const ZsetLeaf* FirstLeaf(const Inner& node, size_t child);
  ZsetLeaf* Descend(const ZsetBound& bound, Path* path) const;
  // The leaf up to its element of rank - 1. REQUIRES: 0 < rank <= size()
  Run UpTo(size_t rank) const;
  std::vector<Place> PlacesOf(std::vector<ZsetIndex::Entry>* entries) const;

  // The leaf at the end of a path has moved in memory, or there is another in its place.
  void SetLeaf(const Path& path, ZsetLeaf* leaf);
  bool Overflows(const ZsetLeaf& leaf) const;
  void SplitLeaf(Path* path, ZsetLeaf* leaf, size_t inserted_at);
  void AddChild(Path* path, void* child, uint64_t elements, ZsetBound first);
  void ShrinkLeaf(Path* path, ZsetLeaf* leaf);
  void MergeLeaves(Path* path, size_t left);
  void RemoveChild(Path* path);
  void MergeInner(Path* path);
  void MakeFinder();
  void Repoint(const ZsetLeaf& leaf, size_t begin, uint32_t from);

  uint32_t NewId();
  void FreeId(uint32_t id);
  uintptr_t& slot(uint32_t id) const { return finder_->table[id / kSegment][id % kSegment]; }
  ZsetLeaf* leaf_of(uint32_t id) const { return reinterpret_cast<ZsetLeaf*>(slot(id)); }
  ZsetLeaf* root_leaf() const { return static_cast<ZsetLeaf*>(root_); }
  Inner* root_inner() const { return static_cast<Inner*>(root_); }
  void CopyChildren(Inner* copy);

  static constexpr uint32_t kLoneId = 0;          // of the only leaf
  static constexpr size_t kSegment = 32;          // leaf addresses allocated together
  static constexpr size_t kLeafElements = 64;     // more: split
  static constexpr size_t kLeafBytes = 2048;      // of members; more: split
  static constexpr size_t kAloneElements = 128;   // the same for the only leaf
  static constexpr size_t kAloneBytes = 8192;

  size_t size_ = 0;
  size_t bytes_ = 0;       // of leaves, long members and inner nodes
  void* root_ = nullptr;   // a leaf while height_ is 0; null when freed
  size_t height_ = 0;      // inner nodes above a leaf
  std::unique_ptr<Finder> finder_;  // exists while height_ > 0
};

}  // namespace windlass::types
