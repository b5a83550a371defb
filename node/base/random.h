// A small seeded generator (xoshiro256**), so that a simulation replays.
#pragma once

#include <cstdint>
#include <string>

namespace windlass::base {

class Random {
 public:
  explicit Random(uint64_t seed);
  // Seeded from the kernel's entropy.
  static Random FromEntropy();

  uint64_t Next();
  // Uniform in [0, bound). REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound);
  // `digits` lower-case hexadecimal digits: node ids, replication ids (40).
  std::string Hex(int digits);

 private:
  uint64_t state_[4];
};

}  // namespace windlass::base
