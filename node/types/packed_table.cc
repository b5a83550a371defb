// See packed_table.h.
//
// Invariant: with 2^b <= leaves_ < 2^(b+1), the leaves below leaves_ - 2^b and
// those from 2^b on have been split at b+1 bits; the others hold b bits.
#include "node/types/packed_table.h"

#include <bit>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

#include "node/types/element_hash.h"

namespace windlass::types {
namespace {

constexpr uint8_t kFar = 0xff;
constexpr size_t kFarBytes = 2 + sizeof(char*);
constexpr size_t kShortLength = 0x80;  // lengths below take one byte

uint8_t TagOf(uint64_t hash) { return static_cast<uint8_t>(hash >> 56); }

void WriteLength(size_t length, char* out, size_t* at) {
  if (length >= kShortLength) out[(*at)++] = static_cast<char>(0x80 | length >> 8);
  out[(*at)++] = static_cast<char>(length);
}

size_t ReadLength(const char* data, size_t* at) {
  const size_t first = static_cast<uint8_t>(data[(*at)++]);
  if (first < kShortLength) return first;
  return (first & 0x7f) << 8 | static_cast<uint8_t>(data[(*at)++]);
}

void* Allocate(void* old, size_t bytes) {
  void* memory = std::realloc(old, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// A far element: both lengths, then the bytes.
struct FarHeader {
  size_t key_bytes;
  size_t value_bytes;
};

}  // namespace

PackedTable::PackedTable(bool with_values) : with_values_(with_values) {
  bytes_ = sizeof *this;
  AddLeaf();
}

PackedTable::~PackedTable() { FreeStep(leaves_); }

PackedTable::PackedTable(const PackedTable& other) : PackedTable(other.with_values_) {
  while (leaves_ < other.leaves_) AddLeaf();
  std::string bytes;
  char element[kMostEncodedBytes];
  for (size_t i = 0; i < other.leaves_; ++i) {
    const Leaf* from = other.leaf(i);
    if (from == nullptr) continue;
    bytes.clear();
    for (size_t at = 0; at < from->bytes;) {
      const Place place = other.Read(from, at);
      bytes.append(element, Encode(static_cast<uint8_t>(data(from)[at]), place.element, element));
      at = place.end;
    }
    Store(i, bytes, from->count);
  }
  size_ = other.size_;
  most_in_leaf_ = other.most_in_leaf_;
}

uint64_t PackedTable::HashOf(std::string_view key) { return HashElement(key); }

size_t PackedTable::LeafIndex(uint64_t hash) const {
  const size_t whole = std::bit_floor(leaves_);
  const size_t index = hash & (2 * whole - 1);
  return index < leaves_ ? index : index - whole;
}

// The offset behind the element at `at`.
inline size_t PackedTable::EndOf(const char* bytes, size_t at) const {
  size_t p = at + 1;
  const size_t first = static_cast<uint8_t>(bytes[p]);
  const size_t second = with_values_ ? static_cast<uint8_t>(bytes[p + 1]) : 0;
  if ((first | second) < kShortLength) [[likely]] return p + (with_values_ ? 2 : 1) + first + second;
  if (first == kFar) return at + kFarBytes;
  const size_t key_bytes = ReadLength(bytes, &p);
  const size_t value_bytes = with_values_ ? ReadLength(bytes, &p) : 0;
  return p + key_bytes + value_bytes;
}

PackedTable::Place PackedTable::Read(const Leaf* leaf, size_t at) const {
  const char* bytes = data(leaf);
  Place place;
  place.at = at;
  size_t p = at + 1;
  if (static_cast<uint8_t>(bytes[p]) == kFar) {
    std::memcpy(&place.far, bytes + p + 1, sizeof place.far);
    FarHeader header;
    std::memcpy(&header, place.far, sizeof header);
    const char* key = place.far + sizeof header;
    place.element = {{key, header.key_bytes}, {key + header.key_bytes, header.value_bytes}};
    place.end = at + kFarBytes;
    return place;
  }
  const size_t key_bytes = ReadLength(bytes, &p);
  const size_t value_bytes = with_values_ ? ReadLength(bytes, &p) : 0;
  place.element = {{bytes + p, key_bytes}, {bytes + p + key_bytes, value_bytes}};
  place.end = p + key_bytes + value_bytes;
  return place;
}

std::optional<PackedTable::Place> PackedTable::Locate(const Leaf* leaf, uint8_t tag, std::string_view key) const {
  if (leaf == nullptr) return std::nullopt;
  const char* bytes = data(leaf);
  // The lines of most leaves, at once: each is read to know where the next element is.
  for (size_t line = 1; line < (with_values_ ? size_t{8} : size_t{4}); ++line) __builtin_prefetch(bytes + line * 64);
  const size_t end = leaf->bytes;
  for (size_t at = 0; at < end;) {
    // Others are stepped over by their lengths alone.
    if (static_cast<uint8_t>(bytes[at]) != tag) [[likely]] {
      at = EndOf(bytes, at);
      continue;
    }
    const Place place = Read(leaf, at);
    if (place.element.key == key) return place;
    at = place.end;
  }
  return std::nullopt;
}

size_t PackedTable::Encode(uint8_t tag, Element element, char* out) {
  out[0] = static_cast<char>(tag);
  const FarHeader header{element.key.size(), element.value.size()};
  if (header.key_bytes + header.value_bytes <= kLongestInline) {
    size_t p = 1;
    WriteLength(header.key_bytes, out, &p);
    if (with_values_) WriteLength(header.value_bytes, out, &p);
    p += element.key.copy(out + p, header.key_bytes);
    return p + element.value.copy(out + p, header.value_bytes);
  }
  const size_t total = sizeof header + header.key_bytes + header.value_bytes;
  char* far = static_cast<char*>(Allocate(nullptr, total));
  std::memcpy(far, &header, sizeof header);
  element.key.copy(far + sizeof header, header.key_bytes);
  element.value.copy(far + sizeof header + header.key_bytes, header.value_bytes);
  bytes_ += total;
  out[1] = static_cast<char>(kFar);
  std::memcpy(out + 2, &far, sizeof far);
  return kFarBytes;
}

void PackedTable::FreeFar(const Place& place) {
  if (place.far == nullptr) return;
  bytes_ -= sizeof(FarHeader) + place.element.key.size() + place.element.value.size();
  std::free(place.far);
}

void PackedTable::Splice(size_t index, size_t at, size_t end, std::string_view bytes) {
  Leaf*& it = leaf(index);
  const size_t old_bytes = it == nullptr ? 0 : it->bytes;
  const size_t new_bytes = old_bytes - (end - at) + bytes.size();
  const uint32_t count = it == nullptr ? 0 : it->count;
  if (new_bytes > old_bytes) it = static_cast<Leaf*>(Allocate(it, sizeof(Leaf) + new_bytes));
  std::memmove(data(it) + at + bytes.size(), data(it) + end, old_bytes - end);
  if (!bytes.empty()) std::memcpy(data(it) + at, bytes.data(), bytes.size());
  if (new_bytes < old_bytes) it = static_cast<Leaf*>(Allocate(it, sizeof(Leaf) + new_bytes));
  it->bytes = static_cast<uint32_t>(new_bytes);
  it->count = count;
  if (old_bytes == 0) bytes_ += sizeof(Leaf);
  bytes_ += new_bytes;
  bytes_ -= old_bytes;
}

// Gives a leaf these elements in place of its own.
void PackedTable::Store(size_t index, std::string_view bytes, uint32_t count) {
  Leaf*& it = leaf(index);
  if (it != nullptr) {
    bytes_ -= sizeof(Leaf) + it->bytes;
    std::free(it);
    it = nullptr;
  }
  if (count == 0) return;
  Splice(index, 0, 0, bytes);
  leaf(index)->count = count;
  if (count > most_in_leaf_) most_in_leaf_ = count;
}

std::optional<std::string_view> PackedTable::Find(std::string_view key) const {
  const uint64_t hash = HashOf(key);
  const auto place = Locate(leaf(LeafIndex(hash)), TagOf(hash), key);
  return place ? std::optional(place->element.value) : std::nullopt;
}

bool PackedTable::Set(std::string_view key, std::string_view value) {
  watches_.Tell([key](ChangeWatch& watch) { watch.BeforeElement(key); });
  const uint64_t hash = HashOf(key);
  const size_t index = LeafIndex(hash);
  const auto place = Locate(leaf(index), TagOf(hash), key);
  if (place && !with_values_) return false;
  if (place && value.size() == place->element.value.size()) {
    // As long as the old one: in its place.
    if (!value.empty()) std::memmove(const_cast<char*>(place->element.value.data()), value.data(), value.size());
    return false;
  }
  char element[kMostEncodedBytes];
  const std::string_view bytes(element, Encode(TagOf(hash), {key, value}, element));
  if (place) {
    Splice(index, place->at, place->end, bytes);
    FreeFar(*place);
    return false;
  }
  const size_t end = leaf(index) == nullptr ? 0 : leaf(index)->bytes;
  Splice(index, end, end, bytes);
  const uint32_t count = ++leaf(index)->count;
  if (count > most_in_leaf_) most_in_leaf_ = count;
  ++size_;
  if (size_ > leaves_ * kMeanPerLeaf) Split();
  return true;
}

bool PackedTable::Erase(std::string_view key) {
  watches_.Tell([key](ChangeWatch& watch) { watch.BeforeElement(key); });
  const uint64_t hash = HashOf(key);
  const size_t index = LeafIndex(hash);
  const auto place = Locate(leaf(index), TagOf(hash), key);
  if (!place) return false;
  const Place gone = *place;
  if (leaf(index)->count == 1) {
    Store(index, {}, 0);
  } else {
    Splice(index, gone.at, gone.end, {});
    --leaf(index)->count;
  }
  FreeFar(gone);
  --size_;
  if (leaves_ > 1 && size_ < leaves_ * kFewPerLeaf) Join();
  return true;
}

void PackedTable::AddLeaf() {
  if (leaves_ == segments_.size() * kSegment) segments_.push_back(std::make_unique<Leaf*[]>(kSegment));
  leaf(leaves_++) = nullptr;
  bytes_ += sizeof(Leaf*);
}

void PackedTable::RemoveLeaf() {
  assert(leaf(leaves_ - 1) == nullptr);
  --leaves_;
  bytes_ -= sizeof(Leaf*);
  if (leaves_ % kSegment == 0 && leaves_ > 0) segments_.pop_back();
}

// One leaf gives half of its elements to a new one.
void PackedTable::Split() {
  const size_t whole = std::bit_floor(leaves_);
  const size_t from = leaves_ - whole;
  AddLeaf();
  const Leaf* old = leaf(from);
  if (old == nullptr) return;
  std::string stay;
  std::string leave;
  uint32_t staying = 0;
  uint32_t leaving = 0;
  for (size_t at = 0; at < old->bytes;) {
    const Place place = Read(old, at);
    const bool leaves = (HashOf(place.element.key) & whole) != 0;
    (leaves ? leave : stay).append(data(old) + at, place.end - at);
    ++(leaves ? leaving : staying);
    at = place.end;
  }
  Store(from, stay, staying);
  Store(leaves_ - 1, leave, leaving);
}

// The last leaf goes back to the one it came from.
void PackedTable::Join() {
  const size_t last = leaves_ - 1;
  const size_t into = last - std::bit_floor(last);
  if (const Leaf* moved = leaf(last)) {
    const std::string bytes(data(moved), moved->bytes);
    const uint32_t count = moved->count;
    const size_t end = leaf(into) == nullptr ? 0 : leaf(into)->bytes;
    Splice(into, end, end, bytes);
    leaf(into)->count += count;
    if (leaf(into)->count > most_in_leaf_) most_in_leaf_ = leaf(into)->count;
    Store(last, {}, 0);
  }
  RemoveLeaf();
}

// The cursor is a hash suffix, counted upwards from its most significant end. Each
// leaf stands for all hashes with its suffix, so stepping over them visits every
// leaf once, and one that was split or joined in between is visited again rather
// than missed.
uint64_t PackedTable::Scan(uint64_t cursor, const Visitor& f) const {
  const size_t index = LeafIndex(cursor);
  if (const Leaf* here = leaf(index)) {
    for (size_t at = 0; at < here->bytes;) {
      const Place place = Read(here, at);
      f(place.element);
      at = place.end;
    }
  }
  const size_t whole = std::bit_floor(leaves_);
  const bool split = index >= whole || index + whole < leaves_;
  const uint64_t mask = (split ? 2 * whole : whole) - 1;
  cursor |= ~mask;
  return ReverseBits(ReverseBits(cursor) + 1);
}

bool PackedTable::IsBefore(std::string_view key, uint64_t cursor) {
  return ReverseBits(HashOf(key)) < ReverseBits(cursor);
}

void PackedTable::ForEach(const Visitor& f) const {
  for (size_t i = 0; i < leaves_; ++i) {
    const Leaf* here = leaf(i);
    if (here == nullptr) continue;
    for (size_t at = 0; at < here->bytes;) {
      const Place place = Read(here, at);
      f(place.element);
      at = place.end;
    }
  }
}

// A random leaf and a random place in it; a place that is empty is drawn again, so
// that each element is as likely as any other.
PackedTable::Element PackedTable::Random(const std::function<uint64_t()>& random) const {
  assert(size_ > 0);
  for (;;) {
    const Leaf* here = leaf(random() % leaves_);
    size_t wanted = random() % most_in_leaf_;
    if (here == nullptr || wanted >= here->count) continue;
    size_t at = 0;
    while (wanted-- > 0) at = Read(here, at).end;
    return Read(here, at).element;
  }
}

bool PackedTable::FreeStep(size_t leaves) {
  for (; leaves > 0 && leaves_ > 0; --leaves) {
    const size_t last = leaves_ - 1;
    if (const Leaf* here = leaf(last)) {
      size_ -= here->count;
      for (size_t at = 0; at < here->bytes;) {
        const Place place = Read(here, at);
        at = place.end;
        FreeFar(place);
      }
      Store(last, {}, 0);
    }
    RemoveLeaf();
  }
  return leaves_ == 0;
}

}  // namespace windlass::types
