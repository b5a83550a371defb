// See zset_tree.h. How nodes split and merge: zset_tree_shape.cc.
//
// Invariants. All leaves are at one depth; none is empty but the only one. Children
// i > 0 of an inner node have a bound (score, prefix): not below that of any element
// of child i - 1, and not above that of any of child i. Child 0 has none.
#include "node/types/zset_tree.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "node/types/element_hash.h"
#include "node/types/zset_inner.h"

namespace windlass::types {

ZsetTree::ZsetTree() {
  ZsetLeaf* leaf = ZsetLeaf::Create(kLoneId);
  bytes_ += leaf->MemoryBytes();
  root_ = leaf;
}

ZsetTree::~ZsetTree() { FreeStep(SIZE_MAX); }

ZsetTree::ZsetTree(const ZsetTree& other) : size_(other.size_), bytes_(other.bytes_), height_(other.height_) {
  if (other.finder_ != nullptr) {
    finder_.reset(new Finder{other.finder_->index, {}, other.finder_->ids, other.finder_->free_id});
    for (const auto& segment : other.finder_->table) {
      finder_->table.push_back(std::make_unique<uintptr_t[]>(kSegment));
      std::copy_n(segment.get(), kSegment, finder_->table.back().get());
    }
  }
  if (other.root_ == nullptr) return;
  if (height_ == 0) {
    root_ = ZsetLeaf::Copy(other.root_leaf());
  } else {
    Inner* copy = new Inner(*other.root_inner());
    CopyChildren(copy);
    root_ = copy;
  }
}

// Puts copies in the place of the children that are another tree's.
void ZsetTree::CopyChildren(Inner* copy) {
  for (size_t i = 0; i < copy->count; ++i) {
    if (copy->above_leaves) {
      ZsetLeaf* leaf = ZsetLeaf::Copy(copy->leaf(i));
      slot(leaf->id()) = reinterpret_cast<uintptr_t>(leaf);
      copy->child[i] = leaf;
    } else {
      Inner* inner = new Inner(*copy->inner(i));
      CopyChildren(inner);
      copy->child[i] = inner;
    }
  }
}

size_t ZsetTree::MemoryBytes() const {
  if (finder_ == nullptr) return sizeof *this + bytes_;
  const size_t table = finder_->table.size() * kSegment * sizeof(uintptr_t);
  return sizeof *this + bytes_ + sizeof(Finder) + table + finder_->index.MemoryBytes();
}

const ZsetLeaf* ZsetTree::FirstLeaf(const Inner& node, size_t child) {
  const Inner* at = &node;
  while (!at->above_leaves) {
    at = at->inner(child);
    child = 0;
  }
  return at->leaf(child);
}

// The last child whose first element is not above the bound's.
size_t ZsetTree::Route(const Inner& node, const ZsetBound& bound) {
  const auto count_up_to = [&node, &bound](size_t low, bool or_equal) {
    size_t high = node.count;
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      const bool smaller = node.score[middle] < bound.score ||
                           (node.score[middle] == bound.score &&
                            (or_equal ? node.prefix[middle] <= bound.prefix : node.prefix[middle] < bound.prefix));
      if (smaller) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  size_t low = count_up_to(1, false);
  if (low == node.count || node.score[low] != bound.score || node.prefix[low] != bound.prefix) return low - 1;
  size_t high = count_up_to(low, true);
  if (bound.side == ZsetBound::Side::kAfterScore) return high - 1;
  // Children [low, high) have the very bound's score and prefix.
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    const ZsetLeaf* first = FirstLeaf(node, middle);
    const double score = first->score(0);
    if (score < bound.score || (score == bound.score && first->member(0) <= bound.member)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}

ZsetLeaf* ZsetTree::Descend(const ZsetBound& bound, Path* path) const {
  if (height_ == 0) return root_leaf();
  Inner* node = root_inner();
  for (;;) {
    const size_t at = Route(*node, bound);
    assert(path->depth < Path::kMaxDepth);
    path->steps[path->depth++] = {node, at};
    if (node->above_leaves) return node->leaf(at);
    node = node->inner(at);
  }
}

std::optional<double> ZsetTree::Find(std::string_view member) const {
  const uint32_t hash = static_cast<uint32_t>(HashElement(member));
  std::optional<double> found;
  const auto look = [&](const ZsetLeaf* leaf) {
    if (const auto at = leaf->Find(member, static_cast<uint8_t>(hash >> 24))) found = leaf->score(*at);
    return found.has_value();
  };
  if (finder_ == nullptr) {
    look(root_leaf());
  } else {
    finder_->index.Find(hash, [&](uint32_t id) { return look(leaf_of(id)); });
  }
  return found;
}

void ZsetTree::Insert(double score, std::string_view member) {
  const uint32_t hash = static_cast<uint32_t>(HashElement(member));
  if (finder_ != nullptr) finder_->index.Prefetch(hash);
  const ZsetBound bound(score, member);
  Path path;
  ZsetLeaf* leaf = Descend(bound, &path);
  for (size_t i = 0; i < path.depth; ++i) ++path.steps[i].node->elements[path.steps[i].at];
  const size_t at = leaf->CountBelow(bound);
  bytes_ += ZsetLeaf::FarBytes(member);
  bytes_ -= leaf->MemoryBytes();
  leaf = ZsetLeaf::Insert(leaf, at, score, member, static_cast<uint8_t>(hash >> 24));
  bytes_ += leaf->MemoryBytes();
  SetLeaf(path, leaf);
  ++size_;
  if (finder_ != nullptr) finder_->index.Add({hash, leaf->id()});
  if (Overflows(*leaf)) SplitLeaf(&path, leaf, at);
}

bool ZsetTree::Fill(std::span<const Element> elements) {
  assert(size_ == 0 && height_ == 0);
  if (elements.size() > kAloneElements) return false;
  ZsetLeaf::Item items[kAloneElements];
  uint8_t tags[kAloneElements];
  size_t bytes = 0;
  for (size_t i = 0; i < elements.size(); ++i) {
    const auto& [score, member] = elements[i];
    const bool ascending = i == 0 || elements[i - 1].score < score ||
                           (elements[i - 1].score == score && elements[i - 1].member < member);
    if (!ascending) return false;
    const uint8_t tag = static_cast<uint8_t>(static_cast<uint32_t>(HashElement(member)) >> 24);
    const auto twin_from = [&](size_t from) {  // the next before i that may be the same
      const void* hit = std::memchr(tags + from, tag, i - from);
      return hit == nullptr ? i : static_cast<size_t>(static_cast<const uint8_t*>(hit) - tags);
    };
    for (size_t j = twin_from(0); j < i; j = twin_from(j + 1)) {
      if (elements[j].member == member) return false;
    }
    tags[i] = tag;
    items[i] = {score, member, tag};
    bytes += ZsetLeaf::NearBytes(member);
  }
  if (bytes > kAloneBytes) return false;
  bytes_ -= root_leaf()->MemoryBytes();
  ZsetLeaf::Destroy(root_leaf(), true);
  ZsetLeaf* leaf = ZsetLeaf::Make(kLoneId, std::span(items).first(elements.size()));
  root_ = leaf;
  bytes_ += leaf->MemoryBytes();
  for (const Element& element : elements) bytes_ += ZsetLeaf::FarBytes(element.member);
  size_ = elements.size();
  return true;
}

void ZsetTree::Erase(double score, std::string_view member) {
  const uint32_t hash = static_cast<uint32_t>(HashElement(member));
  const ZsetBound bound(score, member);
  Path path;
  ZsetLeaf* leaf = Descend(bound, &path);
  const size_t at = leaf->CountBelow(bound);
  assert(at < leaf->count() && leaf->member(at) == member);
  for (size_t i = 0; i < path.depth; ++i) --path.steps[i].node->elements[path.steps[i].at];
  if (finder_ != nullptr) finder_->index.Erase({hash, leaf->id()});
  bytes_ -= ZsetLeaf::FarBytes(member);
  bytes_ -= leaf->MemoryBytes();
  leaf = ZsetLeaf::Erase(leaf, at);
  bytes_ += leaf->MemoryBytes();
  SetLeaf(path, leaf);
  --size_;
  if (height_ > 0) ShrinkLeaf(&path, leaf);
}

// Small changes stay within the leaf; then nothing else knows of them.
void ZsetTree::ChangeScore(double from, double to, std::string_view member) {
  const ZsetBound old_bound(from, member);
  Path path;
  ZsetLeaf* leaf = Descend(old_bound, &path);
  const size_t at = leaf->CountBelow(old_bound);
  assert(at < leaf->count() && leaf->member(at) == member);
  size_t there = leaf->CountBelow(ZsetBound(to, member));
  if (there > at) --there;  // counted itself
  const bool inside = height_ == 0 || (there > 0 && there + 1 < leaf->count());
  if (!inside) {
    const std::string copy(member);  // it may be a view into the leaf
    Erase(from, copy);
    return Insert(to, copy);
  }
  bytes_ -= leaf->MemoryBytes();
  leaf = ZsetLeaf::Move(leaf, at, there, to);
  bytes_ += leaf->MemoryBytes();
  SetLeaf(path, leaf);
}

size_t ZsetTree::CountBelow(const ZsetBound& bound) const {
  Path path;
  const ZsetLeaf* leaf = Descend(bound, &path);
  size_t below = leaf->CountBelow(bound);
  for (size_t i = 0; i < path.depth; ++i) {
    const uint64_t* elements = path.steps[i].node->elements;
    for (size_t j = 0; j < path.steps[i].at; ++j) below += elements[j];
  }
  return below;
}

ZsetTree::Run ZsetTree::From(size_t rank) const {
  assert(rank < size_);
  if (height_ == 0) return {root_leaf(), rank, size_};
  const Inner* node = root_inner();
  for (;;) {
    size_t at = 0;
    while (rank >= node->elements[at]) rank -= node->elements[at++];
    if (node->above_leaves) return {node->leaf(at), rank, node->leaf(at)->count()};
    node = node->inner(at);
  }
}

ZsetTree::Run ZsetTree::UpTo(size_t rank) const {
  const Run last = From(rank - 1);
  return {last.leaf, 0, last.begin + 1};
}

ZsetTree::Run ZsetTree::From(const ZsetBound& bound) const {
  Path path;
  const ZsetLeaf* leaf = Descend(bound, &path);
  const size_t at = leaf->CountBelow(bound);
  if (at < leaf->count()) return {leaf, at, leaf->count()};
  // It is the first of the next leaf, if there is one.
  const size_t below = CountBelow(bound);
  return below < size_ ? From(below) : Run{leaf, at, at};
}

// Where the candidates are: of each, the leaf's elements that have its hash.
std::vector<ZsetTree::Place> ZsetTree::PlacesOf(std::vector<ZsetIndex::Entry>* entries) const {
  const auto order = [](const ZsetIndex::Entry& a, const ZsetIndex::Entry& b) {
    return a.leaf != b.leaf ? a.leaf < b.leaf : a.hash < b.hash;
  };
  std::sort(entries->begin(), entries->end(), order);
  std::vector<Place> places;
  for (size_t i = 0; i < entries->size(); ++i) {
    const ZsetIndex::Entry entry = (*entries)[i];
    if (i > 0 && !order((*entries)[i - 1], entry)) continue;  // met with its twin
    const ZsetLeaf* leaf = leaf_of(entry.leaf);
    for (size_t at = 0; at < leaf->count(); ++at) {
      if (leaf->tag(at) != static_cast<uint8_t>(entry.hash >> 24)) continue;
      if (static_cast<uint32_t>(HashElement(leaf->member(at))) == entry.hash) places.push_back({leaf, at});
    }
  }
  return places;
}

bool ZsetTree::FreeStep(size_t leaves) {
  // The leaves need no finder to be freed: it goes first.
  if (finder_ != nullptr) {
    if (!finder_->index.FreeStep(leaves)) return false;
    finder_.reset();
  }
  for (; leaves > 0 && root_ != nullptr; --leaves) {
    // The last leaf, and what is empty above it.
    Inner* way[Path::kMaxDepth];
    size_t depth = 0;
    void* node = root_;
    while (depth < height_) {
      way[depth] = static_cast<Inner*>(node);
      node = way[depth]->child[way[depth]->count - 1];
      ++depth;
    }
    ZsetLeaf* leaf = static_cast<ZsetLeaf*>(node);
    const size_t count = leaf->count();
    size_ -= count;
    bytes_ -= leaf->MemoryBytes();
    for (size_t i = 0; i < count; ++i) bytes_ -= ZsetLeaf::FarBytes(leaf->member(i));
    ZsetLeaf::Destroy(leaf, true);
    bool gone = true;
    while (depth-- > 0) {
      Inner* above = way[depth];
      above->elements[above->count - 1] -= count;
      if (gone) --above->count;
      gone = above->count == 0;
      if (gone) {
        bytes_ -= sizeof(Inner);
        delete above;
      }
    }
    if (gone) root_ = nullptr;
  }
  return root_ == nullptr;
}

}  // namespace windlass::types
