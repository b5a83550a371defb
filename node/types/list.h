// A list: a row of listpacks of bounded size, so that a push or pop at an end
// touches one, and a change in the middle moves at most one. An element too long
// for a chunk has one to itself.
//
// While it is small the list reports "listpack", once it has outgrown that
// "quicklist"; FitEncoding and Grow decide, as list-max-listpack-size says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "node/types/change_watch.h"
#include "node/types/chunk_row.h"
#include "node/types/limits.h"
#include "node/types/listpack.h"
#include "node/types/object.h"

namespace windlass::types {

class List final : public Object {
 public:
  static constexpr Type kType = Type::kList;

  List() = default;
  ~List() override;

  Type type() const override { return kType; }
  Encoding encoding() const override { return quicklist_ ? Encoding::kQuicklist : Encoding::kListpack; }
  size_t MemoryBytes() const override { return sizeof *this + bytes_ + chunks_.MemoryBytes(); }
  std::unique_ptr<Object> Clone() const override;
  bool FreeStep(size_t leaves) override;
  void Prefetch() const override {
    if (chunks_.size() == 1) chunks_.front().Prefetch();
  }
  Watches* watches() const { return &watches_; }

  size_t size() const { return size_; }
  enum class End { kHead, kTail };
  void Push(End end, std::string_view value, const Limits& limits);
  std::string Pop(End end);  // REQUIRES: size() > 0

  // An element. Stale after any change but one made through it.
  struct Place {
    size_t chunk;
    Listpack::Position at;
  };
  // REQUIRES: -size() <= index < size(); negative counts from the tail
  Place Seek(int64_t index) const;
  // False: there was none further.
  bool Next(Place* place) const;
  bool Previous(Place* place) const;
  Listpack::Value Get(const Place& place) const { return chunks_[place.chunk].Get(place.at); }
  void Insert(const Place& place, bool after, std::string_view value, const Limits& limits);
  void Replace(const Place& place, std::string_view value, const Limits& limits);
  // Returns false if nothing follows; else *place is what follows (or what came
  // before, with `backwards`).
  bool Erase(Place* place, bool backwards = false);
  void EraseRange(size_t first, size_t count);

  using Visitor = std::function<void(std::string_view)>;
  void ForEach(const Visitor& f) const;
  // f(element) for `count` elements from `first` on, which must exist.
  template <typename F>
  void ForRange(size_t first, size_t count, F&& f) const;

  // Before elements of `bytes` in all are added: outgrows the small form if need be.
  void Grow(size_t elements, size_t bytes, const Limits& limits);
  // After a change: back to the small form if the list fits in it; `shrinking` asks
  // for half, so that a list at the border does not change to and fro.
  void FitEncoding(bool shrinking, const Limits& limits);

  // The chunks in order, as RDB carries them.
  const ChunkRow& chunks() const { return chunks_; }
  // A chunk that was checked, from a file. It need not be within the limits.
  void AppendChunk(Listpack pack);

 private:
  static bool Fits(const Listpack& chunk, std::string_view value, const Limits& limits);
  // Changes a chunk, keeping the books.
  template <typename F>
  auto Change(size_t chunk, F&& f);
  void ShrinkFront();
  void RemoveChunk(size_t chunk);
  void InsertChunk(size_t chunk, Listpack pack);

  ChunkRow chunks_;  // none is empty
  size_t size_ = 0;
  size_t bytes_ = 0;  // of the chunks
  bool quicklist_ = false;
  mutable Watches watches_;
};

template <typename F>
void List::ForRange(size_t first, size_t count, F&& f) const {
  if (count == 0) return;
  char buffer[kMaxIntegerDigits];
  for (Place place = Seek(static_cast<int64_t>(first));; place.at = chunks_[place.chunk].First()) {
    const Listpack& chunk = chunks_[place.chunk++];
    for (auto at = place.at; at != Listpack::kEnd; at = chunk.Next(at)) {
      f(chunk.Get(at).Text(buffer));
      if (--count == 0) return;
    }
  }
}

}  // namespace windlass::types
