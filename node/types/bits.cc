// Rows of bits. See bits.h.
#include "node/types/bits.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace windlass::types {

namespace {

constexpr size_t kWord = sizeof(uint64_t);

uint64_t LoadWord(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, kWord);
  return word;
}

// The bits of a byte from `first` on, or up to `last`.
uint8_t MaskFrom(int64_t first) { return static_cast<uint8_t>(0xff >> (first & 7)); }
uint8_t MaskUpTo(int64_t last) { return static_cast<uint8_t>(0xff << (7 - (last & 7))); }

#if defined(__x86_64__)
// The instruction is not part of the least x86-64, so it is asked for.
__attribute__((target("popcnt"))) uint64_t CountWithInstruction(const char* at, size_t size) {
  uint64_t sums[4] = {0, 0, 0, 0};  // four, so that additions need not wait for each other
  for (; size >= 4 * kWord; at += 4 * kWord, size -= 4 * kWord) {
    for (size_t i = 0; i < 4; ++i) sums[i] += static_cast<uint64_t>(__builtin_popcountll(LoadWord(at + i * kWord)));
  }
  uint64_t ones = sums[0] + sums[1] + sums[2] + sums[3];
  for (; size > 0; at += std::min(size, kWord), size -= std::min(size, kWord)) {
    uint64_t word = 0;
    std::memcpy(&word, at, std::min(size, kWord));
    ones += static_cast<uint64_t>(__builtin_popcountll(word));
  }
  return ones;
}
#endif

uint64_t CountWholeBytes(const char* at, size_t size) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("popcnt")) return CountWithInstruction(at, size);
#endif
  uint64_t ones = 0;
  for (; size >= kWord; at += kWord, size -= kWord) ones += static_cast<uint64_t>(std::popcount(LoadWord(at)));
  for (; size > 0; ++at, --size) ones += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(*at)));
  return ones;
}

// The first byte in [first, last] that is not `other` (all bits the value not looked
// for), or last + 1.
size_t FirstByteNot(std::string_view bytes, uint8_t other, size_t first, size_t last) {
  const uint64_t pattern = other == 0 ? 0 : ~uint64_t{0};
  size_t at = first;
  for (; at + kWord <= last + 1; at += kWord) {
    if (LoadWord(bytes.data() + at) != pattern) break;
  }
  while (at <= last && static_cast<uint8_t>(bytes[at]) == other) ++at;
  return at;
}

// How far sources are combined before the next is looked at: stays in the cache.
constexpr size_t kBlock = 16 * 1024;

template <typename Operation>
void CombineInto(char* out, const char* source, size_t size, Operation operation) {
  size_t at = 0;
  for (; at + 4 * kWord <= size; at += 4 * kWord) {
    uint64_t words[4];
    for (size_t i = 0; i < 4; ++i) words[i] = operation(LoadWord(out + at + i * kWord), LoadWord(source + at + i * kWord));
    std::memcpy(out + at, words, sizeof(words));
  }
  for (; at < size; ++at) {
    out[at] = static_cast<char>(operation(static_cast<uint8_t>(out[at]), static_cast<uint8_t>(source[at])));
  }
}

void CombineBlock(BitOperation operation, std::string_view source, std::span<char> out) {
  switch (operation) {
    case BitOperation::kAnd:
      CombineInto(out.data(), source.data(), source.size(), [](uint64_t a, uint64_t b) { return a & b; });
      std::memset(out.data() + source.size(), 0, out.size() - source.size());
      break;
    case BitOperation::kOr:
      CombineInto(out.data(), source.data(), source.size(), [](uint64_t a, uint64_t b) { return a | b; });
      break;
    case BitOperation::kXor:
      CombineInto(out.data(), source.data(), source.size(), [](uint64_t a, uint64_t b) { return a ^ b; });
      break;
    case BitOperation::kNot:
      CombineInto(out.data(), source.data(), source.size(), [](uint64_t, uint64_t b) { return ~b; });
      break;
  }
}

std::string_view Part(std::string_view source, size_t at, size_t size) {
  return at >= source.size() ? std::string_view() : source.substr(at, size);
}

}  // namespace

int64_t CountOnes(std::string_view bytes, BitRange range) {
  if (range.last < range.first) return 0;
  const size_t first = static_cast<size_t>(range.first / 8);
  const size_t last = static_cast<size_t>(range.last / 8);
  const uint64_t whole = CountWholeBytes(bytes.data() + first, last - first + 1);
  const uint8_t before = static_cast<uint8_t>(bytes[first]) & static_cast<uint8_t>(~MaskFrom(range.first));
  const uint8_t behind = static_cast<uint8_t>(bytes[last]) & static_cast<uint8_t>(~MaskUpTo(range.last));
  return static_cast<int64_t>(whole) - std::popcount(before) - std::popcount(behind);
}

std::optional<int64_t> FindBit(std::string_view bytes, bool value, BitRange range) {
  if (range.last < range.first) return std::nullopt;
  const size_t last = static_cast<size_t>(range.last / 8);
  const uint8_t other = value ? 0x00 : 0xff;
  size_t at = static_cast<size_t>(range.first / 8);
  // What lies before the range in its first byte must not be found.
  uint8_t differing = static_cast<uint8_t>(bytes[at]) ^ other;
  differing &= MaskFrom(range.first);
  if (differing == 0) {
    at = FirstByteNot(bytes, other, at + 1, last);
    if (at > last) return std::nullopt;
    differing = static_cast<uint8_t>(bytes[at]) ^ other;
  }
  const int64_t found = static_cast<int64_t>(at) * 8 + std::countl_zero(differing);
  if (found > range.last) return std::nullopt;
  return found;
}

void CombineBits(BitOperation operation, std::span<const std::string_view> sources, std::span<char> out) {
  for (size_t at = 0; at < out.size(); at += kBlock) {
    const std::span<char> block = out.subspan(at, std::min(kBlock, out.size() - at));
    const std::string_view first = Part(sources[0], at, block.size());
    if (operation == BitOperation::kNot) {
      CombineBlock(operation, first, block);
      continue;
    }
    if (!first.empty()) std::memcpy(block.data(), first.data(), first.size());
    std::memset(block.data() + first.size(), 0, block.size() - first.size());
    for (const std::string_view source : sources.subspan(1)) {
      CombineBlock(operation, Part(source, at, block.size()), block);
    }
  }
}

}  // namespace windlass::types
