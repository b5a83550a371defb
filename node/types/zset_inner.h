// An inner node of ZsetTree, which alone uses this.
#pragma once

#include <cstddef>
#include <cstdint>

#include "node/types/zset_tree.h"

namespace windlass::types {

struct ZsetTree::Inner {
  static constexpr size_t kChildren = 64;
  static constexpr size_t kFew = kChildren / 4;       // fewer: merge
  static constexpr size_t kMerged = kChildren * 3 / 4;  // at most, after a merge

  uint32_t count = 0;
  bool above_leaves = true;
  void* child[kChildren];
  uint64_t elements[kChildren];  // below each child
  double score[kChildren];       // bounds; see zset_tree.cc
  uint64_t prefix[kChildren];

  ZsetLeaf* leaf(size_t at) const { return static_cast<ZsetLeaf*>(child[at]); }
  Inner* inner(size_t at) const { return static_cast<Inner*>(child[at]); }
  uint64_t ElementsOf(size_t begin, size_t end) const {
    uint64_t sum = 0;
    for (size_t i = begin; i < end; ++i) sum += elements[i];
    return sum;
  }
  // Makes room at `at`.
  void Open(size_t at) { Shift(at, at + 1, count++ - at); }
  void Close(size_t at) { Shift(at + 1, at, --count - at); }
  void Shift(size_t from, size_t to, size_t many);
  // Appends children [begin, end) of another node.
  void Take(const Inner& other, size_t begin, size_t end);
};

}  // namespace windlass::types
