// The chunks of a list in order: a ring, so that both ends are near. The first stands
// here, for most lists have no other and shall need no more memory for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "node/types/listpack.h"

namespace windlass::types {

class ChunkRow {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // REQUIRES (all): there is such a chunk
  Listpack& operator[](size_t at) { return at == 0 ? first_ : InRing(at - 1); }
  const Listpack& operator[](size_t at) const { return const_cast<ChunkRow&>(*this)[at]; }
  const Listpack& front() const { return first_; }
  const Listpack& back() const { return (*this)[size_ - 1]; }

  void Insert(size_t at, Listpack pack);  // REQUIRES: at <= size()
  void Erase(size_t at);
  // Besides this object, and what the chunks hold.
  size_t MemoryBytes() const { return capacity_ * sizeof(Listpack); }

 private:
  Listpack& InRing(size_t at) { return ring_[(head_ + at) & (capacity_ - 1)]; }
  void Resize(uint32_t capacity);

  Listpack first_;
  std::unique_ptr<Listpack[]> ring_;  // all but the first
  uint32_t capacity_ = 0;             // of the ring: none, or a power of two
  uint32_t head_ = 0;
  uint32_t size_ = 0;
};

}  // namespace windlass::types
