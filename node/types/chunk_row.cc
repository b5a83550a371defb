// See chunk_row.h.
#include "node/types/chunk_row.h"

#include <cassert>
#include <utility>

namespace windlass::types {

void ChunkRow::Resize(uint32_t capacity) {
  auto ring = capacity == 0 ? nullptr : std::make_unique<Listpack[]>(capacity);
  for (size_t i = 0; i + 1 < size_; ++i) ring[i] = std::move(InRing(i));
  ring_ = std::move(ring);
  capacity_ = capacity;
  head_ = 0;
}

// Those on the shorter side make room.
void ChunkRow::Insert(size_t at, Listpack pack) {
  assert(at <= size_);
  if (size_ == 0) {
    first_ = std::move(pack);
    size_ = 1;
    return;
  }
  if (size_ - 1 == capacity_) Resize(capacity_ == 0 ? 1 : capacity_ * 2);
  const size_t in_ring = size_++ - 1;  // before
  if (at == 0) std::swap(first_, pack);
  const size_t place = at == 0 ? 0 : at - 1;
  if (place <= in_ring / 2) {
    head_ = (head_ - 1) & (capacity_ - 1);
    for (size_t i = 0; i < place; ++i) InRing(i) = std::move(InRing(i + 1));
  } else {
    for (size_t i = in_ring; i > place; --i) InRing(i) = std::move(InRing(i - 1));
  }
  InRing(place) = std::move(pack);
}

void ChunkRow::Erase(size_t at) {
  assert(at < size_);
  if (--size_ == 0) {
    first_.Clear();
    return;
  }
  const size_t in_ring = size_;  // before
  const size_t place = at == 0 ? 0 : at - 1;
  if (at == 0) first_ = std::move(InRing(0));
  if (place < in_ring / 2) {
    for (size_t i = place; i > 0; --i) InRing(i) = std::move(InRing(i - 1));
    InRing(0).Clear();
    head_ = (head_ + 1) & (capacity_ - 1);
  } else {
    for (size_t i = place; i + 1 < in_ring; ++i) InRing(i) = std::move(InRing(i + 1));
    InRing(in_ring - 1).Clear();
  }
  if (size_ - 1 <= capacity_ / 4) Resize(size_ == 1 ? 0 : capacity_ / 2);
}

}  // namespace windlass::types
