// A set of hash slots as a bitmap of 2 048 bytes. Bit order is that of the
// cluster bus: slot s is bit (s & 7) of byte (s / 8), lowest bit first.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "node/slot/slot.h"

namespace windlass::slot {

class SlotSet {
 public:
  static constexpr int kBytes = kSlotCount / 8;

  SlotSet() : words_{} {}
  static SlotSet All() {
    SlotSet set;
    set.words_.fill(~uint64_t{0});
    return set;
  }

  bool Contains(SlotId slot) const { return (words_[slot >> 6] >> (slot & 63) & 1) != 0; }
  void Add(SlotId slot) { words_[slot >> 6] |= uint64_t{1} << (slot & 63); }
  void Remove(SlotId slot) { words_[slot >> 6] &= ~(uint64_t{1} << (slot & 63)); }
  void Add(const SlotRange& range) {
    for (int s = range.first; s <= range.last; ++s) Add(static_cast<SlotId>(s));
  }
  void Clear() { words_.fill(0); }

  bool empty() const {
    for (const uint64_t w : words_) {
      if (w != 0) return false;
    }
    return true;
  }
  int size() const {
    int n = 0;
    for (const uint64_t w : words_) n += std::popcount(w);
    return n;
  }

  // The first member >= from, or -1.
  int Next(int from) const {
    if (from >= kSlotCount) return -1;
    int index = from >> 6;
    uint64_t word = words_[index] & (~uint64_t{0} << (from & 63));
    while (word == 0) {
      if (++index == static_cast<int>(words_.size())) return -1;
      word = words_[index];
    }
    return index * 64 + std::countr_zero(word);
  }

  // Calls f(SlotId) for each member, ascending.
  template <typename F>
  void ForEach(F&& f) const {
    for (int s = Next(0); s >= 0; s = Next(s + 1)) f(static_cast<SlotId>(s));
  }

  // Maximal runs, ascending.
  std::vector<SlotRange> Ranges() const {
    std::vector<SlotRange> ranges;
    ForEach([&ranges](SlotId s) {
      if (!ranges.empty() && ranges.back().last + 1 == s) {
        ranges.back().last = s;
      } else {
        ranges.push_back({s, s});
      }
    });
    return ranges;
  }

  SlotSet& operator|=(const SlotSet& o) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= o.words_[i];
    return *this;
  }
  SlotSet& operator-=(const SlotSet& o) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= ~o.words_[i];
    return *this;
  }
  bool Intersects(const SlotSet& o) const {
    for (size_t i = 0; i < words_.size(); ++i) {
      if ((words_[i] & o.words_[i]) != 0) return true;
    }
    return false;
  }
  bool operator==(const SlotSet&) const = default;

  // The bus's bitmap, kBytes long.
  void ToBytes(uint8_t* bytes) const {
    for (int i = 0; i < kBytes; ++i) bytes[i] = static_cast<uint8_t>(words_[i / 8] >> (i % 8 * 8));
  }
  static SlotSet FromBytes(const uint8_t* bytes) {
    SlotSet set;
    for (int i = 0; i < kBytes; ++i) set.words_[i / 8] |= static_cast<uint64_t>(bytes[i]) << (i % 8 * 8);
    return set;
  }

 private:
  std::array<uint64_t, kSlotCount / 64> words_;
};

}  // namespace windlass::slot
