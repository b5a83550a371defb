// One leaf of a sorted set: some dozens of elements in order of score, then member,
// in one allocation:
//
//   header  scores (2, 4 or 8 bytes each)  ends (2 each)  tags (1 each)  members
//
// Scores that are all small integers take less than a double's eight bytes: the
// leaf's width is that of its widest score. A member's place is found by the end of
// the one before; its tag, a byte of its hash, finds it without comparing all. A
// member too long for a leaf stands in an allocation of its own, of which the leaf
// holds the address.
//
// A leaf moves when it grows or shrinks: what changes it returns its address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace windlass::types {

// A place between elements, to count or search those below it.
struct ZsetBound {
  enum class Side {
    kBefore,      // below: all smaller than (score, member)
    kAfter,       // and that element itself
    kAfterScore,  // and every other of the score; `member` is not used
  };
  ZsetBound(double score, std::string_view member, Side side = Side::kBefore);

  double score;
  std::string_view member;
  Side side;
  uint64_t prefix;  // PrefixOf(member); the greatest with kAfterScore
};

class ZsetLeaf {
 public:
  // The first eight bytes as a number: two members are in the order of their
  // prefixes, where these differ.
  static uint64_t PrefixOf(std::string_view member);

  static ZsetLeaf* Create(uint32_t id);
  // Frees the leaf and, with `members`, the allocations of long members.
  static void Destroy(ZsetLeaf* leaf, bool members);

  // Elements [begin, end) of a leaf.
  struct Slice {
    const ZsetLeaf* leaf;
    size_t begin;
    size_t end;
  };
  // A new leaf of both slices' elements, in this order. Long members stay where they
  // are and belong to the new leaf.
  static ZsetLeaf* Join(uint32_t id, Slice a, Slice b);
  struct Item {
    double score;
    std::string_view member;
    uint8_t tag;
  };
  static ZsetLeaf* Make(uint32_t id, std::span<const Item> items);  // REQUIRES: in order
  // A copy with copies of long members.
  static ZsetLeaf* Copy(const ZsetLeaf* leaf);

  static ZsetLeaf* Insert(ZsetLeaf* leaf, size_t at, double score, std::string_view member, uint8_t tag);
  static ZsetLeaf* Erase(ZsetLeaf* leaf, size_t at);
  // Gives the element at `at` a score with which it is at `to`, counted without it.
  static ZsetLeaf* Move(ZsetLeaf* leaf, size_t at, size_t to, double score);

  uint32_t id() const { return id_; }
  void set_id(uint32_t id) { id_ = id; }
  void Prefetch() const {
    __builtin_prefetch(this);
    __builtin_prefetch(data() + 48);
  }
  size_t count() const { return count_; }
  size_t member_bytes() const { return member_bytes_; }
  // Bytes of this allocation; those of long members are FarBytes each.
  size_t MemoryBytes() const { return capacity_; }
  // What a member takes outside of the leaf, and among the leaf's member bytes.
  static size_t FarBytes(std::string_view member);
  static size_t NearBytes(std::string_view member) {
    return member.size() > kLongestInline ? sizeof(char*) : member.size();
  }

  double score(size_t at) const {
    if (width_ == 2) return reinterpret_cast<const int16_t*>(data())[at];
    if (width_ == 4) return reinterpret_cast<const int32_t*>(data())[at];
    return reinterpret_cast<const double*>(data())[at];
  }
  std::string_view member(size_t at) const {
    if (is_far(at)) [[unlikely]] return FarMember(at);
    const size_t begin = begin_of(at);
    return {members() + begin, end_of(at) - begin};
  }
  uint8_t tag(size_t at) const { return tags()[at]; }
  // Elements below the bound.
  size_t CountBelow(const ZsetBound& bound) const;
  std::optional<size_t> Find(std::string_view member, uint8_t tag) const;
  // The index at which half of the bytes are on either side, 0 < index < count().
  size_t Middle() const;

 private:
  ZsetLeaf() = default;

  static constexpr size_t kLongestInline = 255;
  static constexpr uint16_t kFar = 0x8000;  // in an end: the member is an address
  static constexpr size_t kHeaderBytes = 16;

  static size_t PayloadBytes(size_t count, size_t width, size_t member_bytes) {
    return count * (width + 3) + member_bytes;
  }
  // As if the leaf had this width and count: where its parts begin.
  char* data() { return reinterpret_cast<char*>(this) + kHeaderBytes; }
  const char* data() const { return reinterpret_cast<const char*>(this) + kHeaderBytes; }
  uint16_t* ends() { return reinterpret_cast<uint16_t*>(data() + size_t{count_} * width_); }
  const uint16_t* ends() const { return reinterpret_cast<const uint16_t*>(data() + size_t{count_} * width_); }
  uint8_t* tags() { return reinterpret_cast<uint8_t*>(data() + size_t{count_} * (width_ + 2)); }
  const uint8_t* tags() const { return reinterpret_cast<const uint8_t*>(data() + size_t{count_} * (width_ + 2)); }
  const char* members() const { return data() + size_t{count_} * (width_ + 3); }
  size_t begin_of(size_t at) const { return at == 0 ? 0 : ends()[at - 1] & ~kFar; }
  size_t end_of(size_t at) const { return ends()[at] & ~kFar; }
  bool is_far(size_t at) const { return (ends()[at] & kFar) != 0; }
  char* far(size_t at) const;
  std::string_view FarMember(size_t at) const;

  static ZsetLeaf* Allocate(uint32_t id, uint8_t width, size_t payload);
  static ZsetLeaf* Reserve(ZsetLeaf* leaf, size_t payload);
  static ZsetLeaf* Widen(ZsetLeaf* leaf, uint8_t width);
  void SetScore(size_t at, double score);
  void AppendSlice(Slice slice, size_t at, size_t* bytes);

  uint32_t id_;
  uint16_t count_;
  uint16_t member_bytes_;
  uint32_t capacity_;
  uint8_t width_;
};

}  // namespace windlass::types
