// Tells which texts may have come before: for finding what stands twice among the few
// hundred elements of a small form without a table of them.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "node/types/listpack.h"

namespace windlass::types {

class RepeatFilter {
 public:
  // With many more than this it answers "maybe" too often to be of use.
  static constexpr size_t kMostTexts = 1024;

  explicit RepeatFilter(size_t texts) {
    while (bits_ < kMostBits && bits_ < texts * 16) bits_ *= 2;
    std::memset(words_, 0, bits_ / 8);
  }

  // Whether a text like this was added before: false is certain. Adds it.
  bool MaybeSeen(std::string_view text) {
    const uint64_t bit = Mix(text) & (bits_ - 1);
    uint64_t& word = words_[bit / 64];
    const uint64_t mask = uint64_t{1} << bit % 64;
    const bool seen = (word & mask) != 0;
    word |= mask;
    return seen;
  }

 private:
  static constexpr uint64_t kMostBits = kMostTexts * 16;

  // Both ends and the length: what is alike there is compared in full by the caller.
  static uint64_t Mix(std::string_view text) {
    uint64_t first = 0;
    uint64_t last = 0;
    if (text.size() >= sizeof first) {
      std::memcpy(&first, text.data(), sizeof first);
      std::memcpy(&last, text.data() + text.size() - sizeof last, sizeof last);
    } else {
      for (const char c : text) first = first << 8 | static_cast<uint8_t>(c);
    }
    const uint64_t mixed = (first ^ (last << 29 | last >> 35)) * 0x9e3779b97f4a7c15 + text.size();
    return (mixed ^ mixed >> 32) * 0xff51afd7ed558ccd >> 40;
  }

  uint64_t bits_ = 256;
  uint64_t words_[kMostBits / 64];
};

// What is to be known of a listpack from a file before it becomes a value.
struct PackSurvey {
  bool repeats = false;  // an element stands twice, among every (skip + 1)-th
  size_t longest = 0;    // bytes, of all elements
};
PackSurvey Survey(const Listpack& pack, size_t skip);

}  // namespace windlass::types
