// See zset_leaf.h.
#include "node/types/zset_leaf.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

namespace windlass::types {
namespace {

void* Checked(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// What the allocator gives for a request: four sizes in each doubling.
size_t RoundUp(size_t bytes) {
  if (bytes <= 128) return (bytes + 15) & ~size_t{15};
  const size_t step = std::bit_floor(bytes - 1) / 4;
  return (bytes + step - 1) / step * step;
}

uint8_t WidthFor(double score) {
  if (!(std::fabs(score) <= 2147483647.0) || (score == 0 && std::signbit(score))) return 8;
  const int32_t integer = static_cast<int32_t>(score);
  if (integer != score) return 8;
  return integer == static_cast<int16_t>(integer) ? 2 : 4;
}

// How many of `count` ascending scores are smaller than `score`, or not greater.
template <typename T>
size_t ScoresBelow(const char* data, size_t count, double score, bool or_equal) {
  const T* scores = reinterpret_cast<const T*>(data);
  size_t low = 0;
  while (count > 0) {
    const size_t half = count / 2;
    const double there = scores[low + half];
    if (there < score || (or_equal && there == score)) {
      low += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return low;
}

size_t ScoresBelow(const char* data, size_t width, size_t count, double score, bool or_equal) {
  if (width == 2) return ScoresBelow<int16_t>(data, count, score, or_equal);
  if (width == 4) return ScoresBelow<int32_t>(data, count, score, or_equal);
  return ScoresBelow<double>(data, count, score, or_equal);
}

char* NewFar(std::string_view member) {
  char* far = static_cast<char*>(Checked(std::malloc(sizeof(size_t) + member.size())));
  const size_t size = member.size();
  std::memcpy(far, &size, sizeof size);
  std::memcpy(far + sizeof size, member.data(), size);
  return far;
}

}  // namespace

ZsetBound::ZsetBound(double score, std::string_view member, Side side)
    : score(score), member(member), side(side),
      prefix(side == Side::kAfterScore ? UINT64_MAX : ZsetLeaf::PrefixOf(member)) {}

uint64_t ZsetLeaf::PrefixOf(std::string_view member) {
  uint64_t bits = 0;
  if (!member.empty()) std::memcpy(&bits, member.data(), std::min(member.size(), sizeof bits));
  return __builtin_bswap64(bits);
}

size_t ZsetLeaf::FarBytes(std::string_view member) {
  return member.size() <= kLongestInline ? 0 : sizeof(size_t) + member.size();
}

ZsetLeaf* ZsetLeaf::Allocate(uint32_t id, uint8_t width, size_t payload) {
  const size_t capacity = RoundUp(kHeaderBytes + payload);
  ZsetLeaf* leaf = new (Checked(std::malloc(capacity))) ZsetLeaf;
  leaf->id_ = id;
  leaf->count_ = 0;
  leaf->member_bytes_ = 0;
  leaf->capacity_ = static_cast<uint32_t>(capacity);
  leaf->width_ = width;
  return leaf;
}

ZsetLeaf* ZsetLeaf::Create(uint32_t id) { return Allocate(id, 2, 0); }

void ZsetLeaf::Destroy(ZsetLeaf* leaf, bool members) {
  if (members) {
    for (size_t i = 0; i < leaf->count(); ++i) {
      if (leaf->is_far(i)) std::free(leaf->far(i));
    }
  }
  std::free(leaf);
}

ZsetLeaf* ZsetLeaf::Reserve(ZsetLeaf* leaf, size_t payload) {
  const size_t wanted = kHeaderBytes + payload;
  if (wanted <= leaf->capacity_ && wanted * 2 >= leaf->capacity_) return leaf;
  const size_t capacity = RoundUp(wanted);
  if (capacity == leaf->capacity_) return leaf;
  leaf = static_cast<ZsetLeaf*>(Checked(std::realloc(static_cast<void*>(leaf), capacity)));
  leaf->capacity_ = static_cast<uint32_t>(capacity);
  return leaf;
}

char* ZsetLeaf::far(size_t at) const {
  char* address = nullptr;
  std::memcpy(&address, members() + begin_of(at), sizeof address);
  return address;
}

void ZsetLeaf::SetScore(size_t at, double score) {
  if (width_ == 2) {
    reinterpret_cast<int16_t*>(data())[at] = static_cast<int16_t>(score);
  } else if (width_ == 4) {
    reinterpret_cast<int32_t*>(data())[at] = static_cast<int32_t>(score);
  } else {
    reinterpret_cast<double*>(data())[at] = score;
  }
}

std::string_view ZsetLeaf::FarMember(size_t at) const {
  const char* address = far(at);
  size_t size = 0;
  std::memcpy(&size, address, sizeof size);
  return {address + sizeof size, size};
}

size_t ZsetLeaf::CountBelow(const ZsetBound& bound) const {
  if (bound.side == ZsetBound::Side::kAfterScore) return ScoresBelow(data(), width_, count_, bound.score, true);
  size_t low = ScoresBelow(data(), width_, count_, bound.score, false);
  if (low == count_ || score(low) != bound.score) return low;
  size_t high = low + ScoresBelow(data() + low * width_, width_, count_ - low, bound.score, true);
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    const int order = member(middle).compare(bound.member);
    if (order < 0 || (order == 0 && bound.side == ZsetBound::Side::kAfter)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::optional<size_t> ZsetLeaf::Find(std::string_view wanted, uint8_t tag) const {
  const uint8_t* all = tags();
  for (size_t at = 0; at < count_; ++at) {
    const void* hit = std::memchr(all + at, tag, count_ - at);
    if (hit == nullptr) break;
    at = static_cast<size_t>(static_cast<const uint8_t*>(hit) - all);
    if (member(at) == wanted) return at;
  }
  return std::nullopt;
}

size_t ZsetLeaf::Middle() const {
  assert(count_ > 1);
  const size_t half = PayloadBytes(count_, width_, member_bytes_) / 2;
  size_t at = 1;
  while (at + 1 < count_ && PayloadBytes(at, width_, end_of(at - 1)) < half) ++at;
  return at;
}

ZsetLeaf* ZsetLeaf::Widen(ZsetLeaf* leaf, uint8_t width) {
  ZsetLeaf* wide = Allocate(leaf->id_, width, PayloadBytes(leaf->count_, width, leaf->member_bytes_));
  wide->count_ = leaf->count_;
  wide->member_bytes_ = leaf->member_bytes_;
  for (size_t i = 0; i < leaf->count(); ++i) wide->SetScore(i, leaf->score(i));
  std::memcpy(wide->ends(), leaf->ends(), leaf->count() * 3 + leaf->member_bytes());
  std::free(leaf);
  return wide;
}

// Parts move to their new places from the back, so that none is overwritten.
ZsetLeaf* ZsetLeaf::Insert(ZsetLeaf* leaf, size_t at, double score, std::string_view member, uint8_t tag) {
  if (const uint8_t width = WidthFor(score); width > leaf->width_) leaf = Widen(leaf, width);
  const bool far = member.size() > kLongestInline;
  const size_t size = far ? sizeof(char*) : member.size();
  const size_t count = leaf->count_;
  const size_t width = leaf->width_;
  const size_t bytes = leaf->member_bytes_;
  leaf = Reserve(leaf, PayloadBytes(count + 1, width, bytes + size));
  const size_t begin = leaf->begin_of(at);
  char* data = leaf->data();
  char* old_ends = data + count * width;
  char* old_tags = old_ends + count * 2;
  char* old_members = old_tags + count;
  char* new_ends = data + (count + 1) * width;
  char* new_tags = new_ends + (count + 1) * 2;
  char* new_members = new_tags + count + 1;
  std::memmove(new_members + begin + size, old_members + begin, bytes - begin);
  std::memmove(new_members, old_members, begin);
  std::memmove(new_tags + at + 1, old_tags + at, count - at);
  std::memmove(new_tags, old_tags, at);
  std::memmove(new_ends + (at + 1) * 2, old_ends + at * 2, (count - at) * 2);
  std::memmove(new_ends, old_ends, at * 2);
  std::memmove(data + (at + 1) * width, data + at * width, (count - at) * width);
  leaf->count_ = static_cast<uint16_t>(count + 1);
  leaf->member_bytes_ = static_cast<uint16_t>(bytes + size);
  uint16_t* ends = leaf->ends();
  ends[at] = static_cast<uint16_t>((begin + size) | (far ? kFar : 0));
  for (size_t i = at + 1; i <= count; ++i) ends[i] = static_cast<uint16_t>(ends[i] + size);
  leaf->tags()[at] = tag;
  leaf->SetScore(at, score);
  const char* address = far ? NewFar(member) : nullptr;
  const char* from = far ? reinterpret_cast<const char*>(&address) : member.data();
  // Not memcpy: of a size that is known to be small the compiler makes a string instruction,
  // whose beginning takes longer than all of this.
  if (size > 0) std::memmove(new_members + begin, from, size);
  return leaf;
}

ZsetLeaf* ZsetLeaf::Erase(ZsetLeaf* leaf, size_t at) {
  if (leaf->is_far(at)) std::free(leaf->far(at));
  const size_t count = leaf->count_;
  const size_t width = leaf->width_;
  const size_t bytes = leaf->member_bytes_;
  const size_t begin = leaf->begin_of(at);
  const size_t end = leaf->end_of(at);
  const size_t size = end - begin;
  char* data = leaf->data();
  char* old_ends = data + count * width;
  char* old_tags = old_ends + count * 2;
  char* old_members = old_tags + count;
  char* new_ends = data + (count - 1) * width;
  char* new_tags = new_ends + (count - 1) * 2;
  char* new_members = new_tags + count - 1;
  std::memmove(data + at * width, data + (at + 1) * width, (count - at - 1) * width);
  std::memmove(new_ends, old_ends, at * 2);
  std::memmove(new_ends + at * 2, old_ends + (at + 1) * 2, (count - at - 1) * 2);
  std::memmove(new_tags, old_tags, at);
  std::memmove(new_tags + at, old_tags + at + 1, count - at - 1);
  std::memmove(new_members, old_members, begin);
  std::memmove(new_members + begin, old_members + end, bytes - end);
  leaf->count_ = static_cast<uint16_t>(count - 1);
  leaf->member_bytes_ = static_cast<uint16_t>(bytes - size);
  uint16_t* ends = leaf->ends();
  for (size_t i = at; i + 1 < count; ++i) ends[i] = static_cast<uint16_t>(ends[i] - size);
  return Reserve(leaf, PayloadBytes(count - 1, width, bytes - size));
}

ZsetLeaf* ZsetLeaf::Move(ZsetLeaf* leaf, size_t at, size_t to, double score) {
  if (at == to) {
    if (const uint8_t width = WidthFor(score); width > leaf->width_) leaf = Widen(leaf, width);
    leaf->SetScore(at, score);
    return leaf;
  }
  // The long member's allocation is made anew; the others are copied anyway.
  const std::string_view here = leaf->member(at);
  char small[kLongestInline];
  const bool far = leaf->is_far(at);
  char* kept = far ? NewFar(here) : small;
  if (!far && !here.empty()) std::memcpy(small, here.data(), here.size());
  const std::string_view member(far ? kept + sizeof(size_t) : kept, here.size());
  const uint8_t tag = leaf->tag(at);
  leaf = Insert(Erase(leaf, at), to, score, member, tag);
  if (far) std::free(kept);
  return leaf;
}

void ZsetLeaf::AppendSlice(Slice slice, size_t at, size_t* bytes) {
  if (slice.begin == slice.end) return;
  const ZsetLeaf& from = *slice.leaf;
  const size_t first_byte = from.begin_of(slice.begin);
  const size_t size = from.end_of(slice.end - 1) - first_byte;
  for (size_t i = slice.begin; i < slice.end; ++i, ++at) {
    SetScore(at, from.score(i));
    ends()[at] = static_cast<uint16_t>((from.end_of(i) - first_byte + *bytes) | (from.is_far(i) ? kFar : 0));
    tags()[at] = from.tag(i);
  }
  std::memcpy(data() + size_t{count_} * (width_ + 3) + *bytes, from.members() + first_byte, size);
  *bytes += size;
}

ZsetLeaf* ZsetLeaf::Join(uint32_t id, Slice a, Slice b) {
  uint8_t width = 2;
  size_t bytes = 0;
  for (const Slice& slice : {a, b}) {
    if (slice.begin == slice.end) continue;
    for (size_t i = slice.begin; i < slice.end && width < 8; ++i) width = std::max(width, WidthFor(slice.leaf->score(i)));
    bytes += slice.leaf->end_of(slice.end - 1) - slice.leaf->begin_of(slice.begin);
  }
  const size_t first = a.end - a.begin;
  const size_t count = first + (b.end - b.begin);
  ZsetLeaf* joined = Allocate(id, width, PayloadBytes(count, width, bytes));
  joined->count_ = static_cast<uint16_t>(count);
  joined->member_bytes_ = static_cast<uint16_t>(bytes);
  size_t copied = 0;
  joined->AppendSlice(a, 0, &copied);
  joined->AppendSlice(b, first, &copied);
  return joined;
}

ZsetLeaf* ZsetLeaf::Make(uint32_t id, std::span<const Item> items) {
  uint8_t width = 2;
  size_t bytes = 0;
  for (const Item& item : items) {
    width = std::max(width, WidthFor(item.score));
    bytes += NearBytes(item.member);
  }
  ZsetLeaf* leaf = Allocate(id, width, PayloadBytes(items.size(), width, bytes));
  leaf->count_ = static_cast<uint16_t>(items.size());
  leaf->member_bytes_ = static_cast<uint16_t>(bytes);
  char* const members = const_cast<char*>(leaf->members());
  size_t end = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string_view member = items[i].member;
    const size_t size = NearBytes(member);
    const bool far = FarBytes(member) != 0;
    const char* address = far ? NewFar(member) : nullptr;
    if (size > 0) std::memcpy(members + end, far ? reinterpret_cast<const char*>(&address) : member.data(), size);
    end += size;
    leaf->SetScore(i, items[i].score);
    leaf->ends()[i] = static_cast<uint16_t>(end | (far ? kFar : 0));
    leaf->tags()[i] = items[i].tag;
  }
  return leaf;
}

ZsetLeaf* ZsetLeaf::Copy(const ZsetLeaf* leaf) {
  ZsetLeaf* copy = static_cast<ZsetLeaf*>(Checked(std::malloc(leaf->capacity_)));
  std::memcpy(static_cast<void*>(copy), leaf, kHeaderBytes + PayloadBytes(leaf->count_, leaf->width_, leaf->member_bytes_));
  for (size_t i = 0; i < leaf->count(); ++i) {
    if (!leaf->is_far(i)) continue;
    const char* address = NewFar(leaf->member(i));
    std::memcpy(const_cast<char*>(copy->members()) + copy->begin_of(i), &address, sizeof address);
  }
  return copy;
}

}  // namespace windlass::types
