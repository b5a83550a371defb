// HyperLogLogs: strings in which 16384 registers of six bits estimate how many
// different elements were seen, to the byte as Redis keeps them.
//
//   "HYLL" encoding(1) unused(3) cardinality(8, little endian) registers
//
// The cardinality is a cache, not valid while its topmost bit is set. Dense registers
// are six bits each, the lowest bits first. Sparse ones are runs:
//   00nnnnnn           n+1 registers are 0
//   01nnnnnn nnnnnnnn  n+1 registers are 0
//   1vvvvvnn           n+1 registers are v+1
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace windlass::types {

enum class HllEncoding : uint8_t { kDense = 0, kSparse = 1 };

inline constexpr int kHllRegisters = 16384;
inline constexpr size_t kHllHeaderBytes = 16;
inline constexpr size_t kHllDenseBytes = kHllHeaderBytes + kHllRegisters * 6 / 8;
using HllRegisters = std::array<uint8_t, kHllRegisters>;

// Which register an element concerns, and to what it raises it.
struct HllHit {
  int index;
  uint8_t rank;  // 1 to 51
};
HllHit HllHash(std::string_view element);

// --- reading. REQUIRES of all but the first: IsHyperLogLog(bytes). Sparse registers can
// be corrupt nevertheless: then there is no result.
bool IsHyperLogLog(std::string_view bytes);
HllEncoding HllEncodingOf(std::string_view bytes);
std::optional<uint64_t> HllCachedCount(std::string_view bytes);
std::optional<uint64_t> HllCount(std::string_view bytes);
uint64_t HllCount(const HllRegisters& registers);
// Raises each of `registers` to what it is here. False: corrupt.
bool HllMergeInto(std::string_view bytes, HllRegisters* registers);
std::optional<uint8_t> HllRegisterAt(std::string_view bytes, int index);
// The runs of a sparse one as text: "Z:100 v:2,1 z:5".
std::string HllRunsAsText(std::string_view bytes);

// --- changing. A dense one keeps its size and is changed in place.
// True if the register was lower. REQUIRES: dense.
bool HllRaiseDense(std::span<char> bytes, HllHit hit);
void HllForgetCount(std::span<char> bytes);
void HllRememberCount(std::span<char> bytes, uint64_t count);

std::string EmptyHyperLogLog();
enum class HllChange { kNone, kRaised, kCorrupt };
// Raises a register of either encoding; a sparse one that would grow beyond
// `max_sparse_bytes`, or cannot hold the rank, becomes dense.
HllChange HllRaise(std::string* bytes, HllHit hit, size_t max_sparse_bytes);
// False: corrupt, nothing was changed.
bool HllToDense(std::string* bytes);

}  // namespace windlass::types
