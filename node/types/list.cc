// See list.h.
#include "node/types/list.h"

#include <cassert>
#include <utility>

namespace windlass::types {
namespace {

constexpr size_t kSafeChunkBytes = 8192;  // where only the elements are bounded
constexpr size_t kPackOverhead = 16;

struct ChunkLimit {
  size_t bytes;
  size_t elements;
};

// list-max-listpack-size: elements if positive, else a step of bytes.
ChunkLimit LimitOf(const Limits& limits) {
  constexpr size_t kSteps[] = {4096, 8192, 16384, 32768, 65536};
  const int64_t setting = limits.list_max_listpack_size;
  if (setting >= 0) return {kSafeChunkBytes, setting == 0 ? 1 : static_cast<size_t>(setting)};
  return {kSteps[setting < -5 ? 4 : -setting - 1], SIZE_MAX};
}

}  // namespace

template <typename F>
auto List::Change(size_t chunk, F&& f) {
  watches_.Tell([chunk](ChangeWatch& watch) { watch.BeforeChunk(chunk); });
  Listpack& pack = chunks_[chunk];
  bytes_ -= pack.MemoryBytes();
  const auto result = f(pack);
  bytes_ += pack.MemoryBytes();
  return result;
}

List::~List() {
  watches_.Tell([](ChangeWatch& watch) { watch.BeforeGone(); });
}

std::unique_ptr<Object> List::Clone() const {
  auto copy = std::make_unique<List>();
  for (size_t i = 0; i < chunks_.size(); ++i) copy->AppendChunk(chunks_[i].Clone());
  copy->quicklist_ = quicklist_;
  return copy;
}

bool List::FreeStep(size_t leaves) {
  for (; leaves > 0 && !chunks_.empty(); --leaves) {
    size_ -= chunks_.back().size();
    RemoveChunk(chunks_.size() - 1);
  }
  return chunks_.empty();
}

bool List::Fits(const Listpack& chunk, std::string_view value, const Limits& limits) {
  const ChunkLimit limit = LimitOf(limits);
  return chunk.bytes().size() + value.size() + kPackOverhead <= limit.bytes && chunk.size() < limit.elements;
}

void List::InsertChunk(size_t chunk, Listpack pack) {
  bytes_ += pack.MemoryBytes();
  chunks_.Insert(chunk, std::move(pack));
  watches_.Tell([chunk](ChangeWatch& watch) { watch.AfterChunkCame(chunk); });
}

void List::RemoveChunk(size_t chunk) {
  watches_.Tell([chunk](ChangeWatch& watch) { watch.BeforeChunkGoes(chunk); });
  bytes_ -= chunks_[chunk].MemoryBytes();
  chunks_.Erase(chunk);
}

void List::AppendChunk(Listpack pack) {
  if (pack.empty()) return;
  size_ += pack.size();
  InsertChunk(chunks_.size(), std::move(pack));
}

void List::ShrinkFront() {
  bytes_ -= chunks_[0].MemoryBytes();
  chunks_[0].ShrinkToFit();
  bytes_ += chunks_[0].MemoryBytes();
}

void List::Push(End end, std::string_view value, const Limits& limits) {
  const bool head = end == End::kHead;
  if (chunks_.empty() || !Fits(head ? chunks_.front() : chunks_.back(), value, limits)) {
    // The room at its front is of no more use.
    if (head && !chunks_.empty()) ShrinkFront();
    InsertChunk(head ? 0 : chunks_.size(), Listpack());
  }
  Change(head ? 0 : chunks_.size() - 1,
         [&](Listpack& pack) { return head ? pack.Prepend(value) : pack.Append(value); });
  ++size_;
}

std::string List::Pop(End end) {
  Place place = Seek(end == End::kHead ? 0 : -1);
  std::string value = Get(place).ToString();
  Erase(&place);
  return value;
}

List::Place List::Seek(int64_t index) const {
  if (index < 0) index += static_cast<int64_t>(size_);
  assert(index >= 0 && index < static_cast<int64_t>(size_));
  const bool from_head = index <= static_cast<int64_t>(size_ / 2);
  if (from_head) {
    for (size_t chunk = 0;; ++chunk) {
      const int64_t here = static_cast<int64_t>(chunks_[chunk].size());
      if (index < here) return {chunk, chunks_[chunk].Seek(index)};
      index -= here;
    }
  }
  int64_t back = static_cast<int64_t>(size_) - index;  // 1: the last
  for (size_t chunk = chunks_.size() - 1;; --chunk) {
    const int64_t here = static_cast<int64_t>(chunks_[chunk].size());
    if (back <= here) return {chunk, chunks_[chunk].Seek(-back)};
    back -= here;
  }
}

bool List::Next(Place* place) const {
  const auto next = chunks_[place->chunk].Next(place->at);
  if (next != Listpack::kEnd) {
    place->at = next;
    return true;
  }
  if (place->chunk + 1 == chunks_.size()) return false;
  *place = {place->chunk + 1, chunks_[place->chunk + 1].First()};
  return true;
}

bool List::Previous(Place* place) const {
  const auto previous = chunks_[place->chunk].Previous(place->at);
  if (previous != Listpack::kEnd) {
    place->at = previous;
    return true;
  }
  if (place->chunk == 0) return false;
  *place = {place->chunk - 1, chunks_[place->chunk - 1].Last()};
  return true;
}

// A chunk that is full is cut in two at the place.
void List::Insert(const Place& place, bool after, std::string_view value, const Limits& limits) {
  const Listpack& chunk = chunks_[place.chunk];
  ++size_;
  const auto before = after ? chunk.Next(place.at) : place.at;
  if (Fits(chunk, value, limits)) {
    Change(place.chunk, [&](Listpack& pack) { return pack.Insert(before, value); });
    return;
  }
  Listpack rest;
  size_t moved = 0;
  for (auto at = before; at != Listpack::kEnd; at = chunk.Next(at), ++moved) rest.Append(chunk.Get(at).ToString());
  size_t into = place.chunk + 1;
  if (moved > 0) {
    Change(place.chunk, [&](Listpack& pack) { return pack.Erase(before, moved); });
    InsertChunk(into, std::move(rest));
    if (chunks_[place.chunk].empty()) {
      RemoveChunk(place.chunk);
      --into;
    }
  }
  Listpack single;
  single.Append(value);
  InsertChunk(into, std::move(single));
}

void List::Replace(const Place& place, std::string_view value, const Limits& limits) {
  const Listpack& chunk = chunks_[place.chunk];
  if (chunk.size() == 1 || Fits(chunk, value, limits)) {
    Change(place.chunk, [&](Listpack& pack) { return pack.Replace(place.at, value); });
    return;
  }
  Insert(place, true, value, limits);
  // The chunk may have been cut behind the place: the old element is still at it.
  Place old = place;
  Erase(&old);
}

bool List::Erase(Place* place, bool backwards) {
  Place before = *place;
  const bool has_before = Previous(&before);
  --size_;
  const auto next = Change(place->chunk, [&](Listpack& pack) { return pack.Erase(place->at); });
  const bool emptied = chunks_[place->chunk].empty();
  if (emptied) RemoveChunk(place->chunk);
  if (backwards) {
    *place = before;
    return has_before;
  }
  if (!emptied && next != Listpack::kEnd) {
    place->at = next;
    return true;
  }
  const size_t chunk = emptied ? place->chunk : place->chunk + 1;
  if (chunk >= chunks_.size()) return false;
  *place = {chunk, chunks_[chunk].First()};
  return true;
}

void List::EraseRange(size_t first, size_t count) {
  if (count == 0) return;
  Place place = Seek(static_cast<int64_t>(first));
  size_ -= count;
  while (count > 0) {
    const Listpack& chunk = chunks_[place.chunk];
    size_t here = 0;
    for (auto at = place.at; at != Listpack::kEnd && here < count; at = chunk.Next(at)) ++here;
    Change(place.chunk, [&](Listpack& pack) { return pack.Erase(place.at, here); });
    count -= here;
    if (chunks_[place.chunk].empty()) {
      RemoveChunk(place.chunk);
    } else {
      ++place.chunk;
    }
    if (count > 0) place.at = chunks_[place.chunk].First();
  }
}

void List::ForEach(const Visitor& f) const {
  if (size_ > 0) ForRange(0, size_, f);
}

void List::Grow(size_t elements, size_t bytes, const Limits& limits) {
  if (quicklist_) return;
  const ChunkLimit limit = LimitOf(limits);
  const size_t held = chunks_.empty() ? Listpack().bytes().size() : chunks_[0].bytes().size();
  quicklist_ = chunks_.size() > 1 || held + bytes > limit.bytes || size_ + elements > limit.elements;
}

void List::FitEncoding(bool shrinking, const Limits& limits) {
  const ChunkLimit limit = LimitOf(limits);
  const size_t share = shrinking ? 2 : 1;
  const bool one = chunks_.size() <= 1;
  const size_t held = chunks_.empty() ? 0 : chunks_[0].bytes().size();
  if (!one) {
    quicklist_ = true;
  } else if (quicklist_) {
    quicklist_ = held > limit.bytes / share || size_ > limit.elements / share;
  } else if (!shrinking) {  // what only lost elements is not made larger, whatever the limits are by now
    quicklist_ = held > limit.bytes || size_ > limit.elements;
  }
}

}  // namespace windlass::types
