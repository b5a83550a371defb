// See element_hash.h.
#define XXH_INLINE_ALL
#include "node/types/element_hash.h"

#include <xxhash.h>

#include <random>

namespace windlass::types {
namespace {

uint64_t Seed() {
  static const uint64_t seed = [] {
    std::random_device device;
    return static_cast<uint64_t>(device()) << 32 | device();
  }();
  return seed;
}

}  // namespace

uint64_t HashElement(std::string_view element) {
  return XXH3_64bits_withSeed(element.data(), element.size(), Seed());
}

uint64_t ReverseBits(uint64_t bits) {
  bits = (bits >> 1 & 0x5555555555555555) | (bits & 0x5555555555555555) << 1;
  bits = (bits >> 2 & 0x3333333333333333) | (bits & 0x3333333333333333) << 2;
  bits = (bits >> 4 & 0x0f0f0f0f0f0f0f0f) | (bits & 0x0f0f0f0f0f0f0f0f) << 4;
  return __builtin_bswap64(bits);
}

}  // namespace windlass::types
