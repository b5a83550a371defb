#include "node/base/random.h"

#include <sys/random.h>

#include <bit>
#include <cassert>

namespace windlass::base {

namespace {

// splitmix64 spreads one word of seed over the whole state.
uint64_t SplitMix(uint64_t& x) {
  x += 0x9e3779b97f4a7c15ULL;
  uint64_t z = x;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

Random::Random(uint64_t seed) {
  for (uint64_t& word : state_) word = SplitMix(seed);
}

Random Random::FromEntropy() {
  uint64_t seed = 0;
  [[maybe_unused]] const ssize_t got = getrandom(&seed, sizeof(seed), 0);
  assert(got == sizeof(seed));
  return Random(seed);
}

uint64_t Random::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Random::Below(uint64_t bound) {
  assert(bound > 0);
  // The bias of the multiply-shift reduction is below 2^-64 x bound.
  return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * bound) >> 64);
}

std::string Random::Hex(int digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(static_cast<size_t>(digits), '0');
  for (char& c : text) c = kDigits[Next() >> 60];
  return text;
}

}  // namespace windlass::base
