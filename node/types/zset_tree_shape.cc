// How ZsetTree keeps its shape: leaves and inner nodes that split, merge and go.
#include <algorithm>
#include <cassert>
#include <cstring>

#include "node/types/element_hash.h"
#include "node/types/zset_inner.h"

namespace windlass::types {

void ZsetTree::Inner::Shift(size_t from, size_t to, size_t many) {
  std::memmove(child + to, child + from, many * sizeof child[0]);
  std::memmove(elements + to, elements + from, many * sizeof elements[0]);
  std::memmove(score + to, score + from, many * sizeof score[0]);
  std::memmove(prefix + to, prefix + from, many * sizeof prefix[0]);
}

void ZsetTree::Inner::Take(const Inner& other, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i, ++count) {
    child[count] = other.child[i];
    elements[count] = other.elements[i];
    score[count] = other.score[i];
    prefix[count] = other.prefix[i];
  }
}

uint32_t ZsetTree::NewId() {
  Finder& finder = *finder_;
  if (finder.free_id != UINT32_MAX) {
    const uint32_t id = finder.free_id;
    finder.free_id = static_cast<uint32_t>(slot(id) >> 1);
    return id;
  }
  if (finder.ids == finder.table.size() * kSegment) finder.table.push_back(std::make_unique<uintptr_t[]>(kSegment));
  return finder.ids++;
}

void ZsetTree::FreeId(uint32_t id) {
  slot(id) = uintptr_t{finder_->free_id} << 1 | 1;
  finder_->free_id = id;
}

void ZsetTree::SetLeaf(const Path& path, ZsetLeaf* leaf) {
  if (path.depth == 0) {
    root_ = leaf;
  } else {
    slot(leaf->id()) = reinterpret_cast<uintptr_t>(leaf);
    const Step& last = path.steps[path.depth - 1];
    last.node->child[last.at] = leaf;
  }
}

bool ZsetTree::Overflows(const ZsetLeaf& leaf) const {
  if (leaf.count() < 2) return false;
  if (height_ == 0) return leaf.count() > kAloneElements || leaf.member_bytes() > kAloneBytes;
  return leaf.count() > kLeafElements || leaf.member_bytes() > kLeafBytes;
}

// The only leaf is about to have another beside it.
void ZsetTree::MakeFinder() {
  finder_ = std::make_unique<Finder>();
  ZsetLeaf* leaf = root_leaf();
  const uint32_t id = NewId();
  assert(id == kLoneId && id == leaf->id());
  slot(id) = reinterpret_cast<uintptr_t>(leaf);
  for (size_t i = 0; i < leaf->count(); ++i) {
    finder_->index.Add({static_cast<uint32_t>(HashElement(leaf->member(i))), leaf->id()});
  }
}

// The elements from `begin` on were in leaf `from` before.
void ZsetTree::Repoint(const ZsetLeaf& leaf, size_t begin, uint32_t from) {
  uint32_t hashes[kAloneElements + 1];
  for (size_t i = begin; i < leaf.count(); ++i) {
    hashes[i - begin] = static_cast<uint32_t>(HashElement(leaf.member(i)));
    finder_->index.Prefetch(hashes[i - begin]);
  }
  for (size_t i = begin; i < leaf.count(); ++i) finder_->index.Replace({hashes[i - begin], from}, leaf.id());
}

// In the middle; but what is added in order, at either end, leaves full leaves behind.
void ZsetTree::SplitLeaf(Path* path, ZsetLeaf* leaf, size_t inserted_at) {
  if (height_ == 0) {
    MakeFinder();
    Inner* root = new Inner;
    bytes_ += sizeof(Inner);
    root->count = 1;
    root->child[0] = leaf;
    root->elements[0] = leaf->count();
    root_ = root;
    height_ = 1;
    path->steps[path->depth++] = {root, 0};
  }
  const auto is_first = [](const Step& step) { return step.at == 0; };
  const auto is_last = [](const Step& step) { return step.at + 1 == step.node->count; };
  const Step* end = path->steps + path->depth;
  const size_t count = leaf->count();
  size_t cut = leaf->Middle();
  if (inserted_at + 1 == count && std::all_of(static_cast<const Step*>(path->steps), end, is_last)) cut = count - 1;
  if (inserted_at == 0 && std::all_of(static_cast<const Step*>(path->steps), end, is_first)) cut = 1;
  ZsetLeaf* left = ZsetLeaf::Join(leaf->id(), {leaf, 0, cut}, {leaf, 0, 0});
  ZsetLeaf* right = ZsetLeaf::Join(NewId(), {leaf, cut, count}, {leaf, 0, 0});
  bytes_ += left->MemoryBytes() + right->MemoryBytes();
  bytes_ -= leaf->MemoryBytes();
  ZsetLeaf::Destroy(leaf, false);
  SetLeaf(*path, left);
  slot(right->id()) = reinterpret_cast<uintptr_t>(right);
  Repoint(*right, 0, left->id());
  const Step& last = path->steps[path->depth - 1];
  last.node->elements[last.at] = left->count();
  AddChild(path, right, right->count(), ZsetBound(right->score(0), right->member(0)));
}

// Puts a child behind the one at the path's end, whose count has been lessened.
void ZsetTree::AddChild(Path* path, void* child, uint64_t elements, ZsetBound first) {
  while (path->depth > 0) {
    const Step step = path->steps[--path->depth];
    Inner* node = step.node;
    Inner* target = node;
    size_t at = step.at + 1;
    Inner* half = nullptr;
    ZsetBound half_first = first;
    if (node->count == Inner::kChildren) {
      half = new Inner;
      bytes_ += sizeof(Inner);
      half->above_leaves = node->above_leaves;
      // A tree that grows at its end keeps full nodes.
      const size_t cut = at == Inner::kChildren ? Inner::kChildren - 1 : Inner::kChildren / 2;
      half_first.score = node->score[cut];
      half_first.prefix = node->prefix[cut];
      half->Take(*node, cut, node->count);
      node->count = static_cast<uint32_t>(cut);
      if (at > cut) {
        target = half;
        at -= cut;
      }
    }
    target->Open(at);
    target->child[at] = child;
    target->elements[at] = elements;
    target->score[at] = first.score;
    target->prefix[at] = first.prefix;
    if (half == nullptr) return;
    child = half;
    elements = half->ElementsOf(0, half->count);
    first = half_first;
    if (path->depth > 0) {
      const Step& above = path->steps[path->depth - 1];
      above.node->elements[above.at] -= elements;
    }
  }
  Inner* root = new Inner;
  bytes_ += sizeof(Inner);
  root->above_leaves = false;
  root->count = 2;
  root->child[0] = root_;
  root->child[1] = child;
  root->elements[0] = size_ - elements;
  root->elements[1] = elements;
  root->score[1] = first.score;
  root->prefix[1] = first.prefix;
  root_ = root;
  ++height_;
}

// After an element has gone: joins the leaf with a neighbour, if both are small.
void ZsetTree::ShrinkLeaf(Path* path, ZsetLeaf* leaf) {
  const Step step = path->steps[path->depth - 1];
  if (leaf->count() == 0) {
    bytes_ -= leaf->MemoryBytes();
    FreeId(leaf->id());
    ZsetLeaf::Destroy(leaf, false);
    return RemoveChild(path);
  }
  if (leaf->count() > kLeafElements / 4 || leaf->member_bytes() > kLeafBytes / 4) return;
  const auto fits = [leaf](const ZsetLeaf* other) {
    return leaf->count() + other->count() <= kLeafElements * 3 / 4 &&
           leaf->member_bytes() + other->member_bytes() <= kLeafBytes * 3 / 4;
  };
  if (step.at > 0 && fits(step.node->leaf(step.at - 1))) {
    MergeLeaves(path, step.at - 1);
  } else if (step.at + 1 < step.node->count && fits(step.node->leaf(step.at + 1))) {
    MergeLeaves(path, step.at);
  }
}

// Children `left` and the next one of the node at the path's end become one.
void ZsetTree::MergeLeaves(Path* path, size_t left) {
  Step& step = path->steps[path->depth - 1];
  ZsetLeaf* a = step.node->leaf(left);
  ZsetLeaf* b = step.node->leaf(left + 1);
  const size_t from_a = a->count();
  ZsetLeaf* joined = ZsetLeaf::Join(a->id(), {a, 0, a->count()}, {b, 0, b->count()});
  bytes_ += joined->MemoryBytes();
  bytes_ -= a->MemoryBytes() + b->MemoryBytes();
  Repoint(*joined, from_a, b->id());
  FreeId(b->id());
  ZsetLeaf::Destroy(a, false);
  ZsetLeaf::Destroy(b, false);
  slot(joined->id()) = reinterpret_cast<uintptr_t>(joined);
  step.node->child[left] = joined;
  step.node->elements[left] = joined->count();
  step.at = left + 1;
  RemoveChild(path);
}

// Takes out the child at the path's end, which is gone already.
void ZsetTree::RemoveChild(Path* path) {
  const Step step = path->steps[path->depth - 1];
  step.node->Close(step.at);
  if (step.node->count < Inner::kFew) MergeInner(path);
  while (height_ > 0 && root_inner()->count == 1) {
    Inner* gone = root_inner();
    root_ = gone->child[0];
    bytes_ -= sizeof(Inner);
    delete gone;
    --height_;
  }
  if (height_ > 0) return;
  finder_.reset();
  root_leaf()->set_id(kLoneId);
}

// The node at the path's end has few children.
void ZsetTree::MergeInner(Path* path) {
  if (path->depth < 2) return;  // the root may
  Inner* node = path->steps[--path->depth].node;
  Step& above = path->steps[path->depth - 1];
  if (node->count == 0) {
    bytes_ -= sizeof(Inner);
    delete node;
    above.node->Close(above.at);
  } else {
    const auto fits = [&above](size_t left) {
      return above.node->inner(left)->count + above.node->inner(left + 1)->count <= Inner::kMerged;
    };
    size_t left = above.at;
    if (above.at > 0 && fits(above.at - 1)) {
      left = above.at - 1;
    } else if (above.at + 1 >= above.node->count || !fits(above.at)) {
      return;
    }
    Inner* a = above.node->inner(left);
    Inner* b = above.node->inner(left + 1);
    b->score[0] = above.node->score[left + 1];
    b->prefix[0] = above.node->prefix[left + 1];
    a->Take(*b, 0, b->count);
    above.node->elements[left] += above.node->elements[left + 1];
    bytes_ -= sizeof(Inner);
    delete b;
    above.node->Close(left + 1);
  }
  if (above.node->count < Inner::kFew) MergeInner(path);
}

}  // namespace windlass::types
