// HyperLogLogs: hashing, registers, the estimate. See hyperloglog.h. What changes sparse
// ones is in hyperloglog_sparse.cc.
#include "node/types/hyperloglog.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "node/types/hyperloglog_runs.h"

namespace windlass::types {

namespace {

constexpr int kIndexBits = 14;
constexpr int kRankBits = 64 - kIndexBits;
constexpr uint8_t kStaleCount = 0x80;  // in the last byte of the cached count
constexpr size_t kEncodingAt = 4;
constexpr size_t kCountAt = 8;
// How many registers hold each value; an invalid value has its place too.
using Histogram = std::array<int, 64>;

// MurmurHash2, its 64-bit form.
uint64_t Murmur(std::string_view bytes) {
  constexpr uint64_t kMix = 0xc6a4a7935bd1e995;
  constexpr uint64_t kSeed = 0xadc83b19;
  constexpr int kShift = 47;
  uint64_t hash = kSeed ^ (bytes.size() * kMix);
  const char* at = bytes.data();
  for (size_t left = bytes.size() / 8; left > 0; --left, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    word *= kMix;
    word ^= word >> kShift;
    hash = (hash ^ word * kMix) * kMix;
  }
  if (const size_t rest = bytes.size() % 8; rest != 0) {
    uint64_t word = 0;
    std::memcpy(&word, at, rest);
    hash = (hash ^ word) * kMix;
  }
  hash = (hash ^ hash >> kShift) * kMix;
  return hash ^ hash >> kShift;
}

uint8_t DenseRegister(std::string_view registers, int index) {
  const size_t bit = static_cast<size_t>(index) * 6;
  const size_t byte = bit / 8;
  unsigned window = static_cast<uint8_t>(registers[byte]);
  if (byte + 1 < registers.size()) window |= static_cast<unsigned>(static_cast<uint8_t>(registers[byte + 1])) << 8;
  return static_cast<uint8_t>(window >> bit % 8 & 63);
}

// Calls f(first register, run) for each run; false if they are not 16384 registers, or the
// last run is cut off.
template <typename F>
bool ForEachRun(std::string_view bytes, F f) {
  int index = 0;
  for (size_t at = kHllHeaderBytes; at < bytes.size();) {
    const HllRun run = HllRunAt(bytes, at);
    if (index + run.length > kHllRegisters) return false;
    f(index, run);
    index += run.length;
    at += static_cast<size_t>(run.bytes);
    if (at > bytes.size()) return false;
  }
  return index == kHllRegisters;
}

// Four registers are three bytes.
template <typename F>
void ForEachDense(std::string_view bytes, F f) {
  const char* at = bytes.data() + kHllHeaderBytes;
  for (int index = 0; index < kHllRegisters; index += 4, at += 3) {
    const unsigned window = static_cast<uint8_t>(at[0]) | static_cast<unsigned>(static_cast<uint8_t>(at[1])) << 8 |
                            static_cast<unsigned>(static_cast<uint8_t>(at[2])) << 16;
    for (int i = 0; i < 4; ++i) f(index + i, static_cast<uint8_t>(window >> 6 * i & 63));
  }
}

// The two series of Ertl's estimator (arXiv 1702.01284), each to the last bit that counts.
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double power = 1;
  double sum = x;
  double before;
  do {
    x *= x;
    before = sum;
    sum += x * power;
    power += power;
  } while (before != sum);
  return sum;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double power = 1;
  double sum = 1 - x;
  double before;
  do {
    x = std::sqrt(x);
    before = sum;
    power *= 0.5;
    sum -= std::pow(1 - x, 2) * power;
  } while (before != sum);
  return sum / 3;
}

uint64_t Estimate(const Histogram& histogram) {
  constexpr double kAlpha = 0.721347520444481703680;  // 1 / (2 ln 2)
  constexpr double kCount = kHllRegisters;
  double z = kCount * Tau((kCount - histogram[kRankBits + 1]) / kCount);
  for (int rank = kRankBits; rank >= 1; --rank) z = (z + histogram[static_cast<size_t>(rank)]) * 0.5;
  z += kCount * Sigma(histogram[0] / kCount);
  return static_cast<uint64_t>(llroundl(kAlpha * kCount * kCount / z));
}

}  // namespace

HllHit HllHash(std::string_view element) {
  const uint64_t hash = Murmur(element);
  const uint64_t rest = hash >> kIndexBits | uint64_t{1} << kRankBits;
  return {static_cast<int>(hash & (kHllRegisters - 1)), static_cast<uint8_t>(std::countr_zero(rest) + 1)};
}

bool IsHyperLogLog(std::string_view bytes) {
  if (bytes.size() < kHllHeaderBytes || bytes.substr(0, 4) != "HYLL") return false;
  const uint8_t encoding = static_cast<uint8_t>(bytes[kEncodingAt]);
  if (encoding > static_cast<uint8_t>(HllEncoding::kSparse)) return false;
  return HllEncodingOf(bytes) == HllEncoding::kSparse || bytes.size() == kHllDenseBytes;
}

HllEncoding HllEncodingOf(std::string_view bytes) { return static_cast<HllEncoding>(bytes[kEncodingAt]); }

std::optional<uint64_t> HllCachedCount(std::string_view bytes) {
  uint64_t count;
  std::memcpy(&count, bytes.data() + kCountAt, sizeof(count));
  if (count >> 63 != 0) return std::nullopt;
  return count;
}

std::optional<uint64_t> HllCount(std::string_view bytes) {
  Histogram histogram = {};
  if (HllEncodingOf(bytes) == HllEncoding::kDense) {
    ForEachDense(bytes, [&](int, uint8_t rank) { ++histogram[rank]; });
  } else if (!ForEachRun(bytes, [&](int, const HllRun& run) { histogram[static_cast<size_t>(run.value)] += run.length; })) {
    return std::nullopt;
  }
  return Estimate(histogram);
}

uint64_t HllCount(const HllRegisters& registers) {
  Histogram histogram = {};
  for (const uint8_t rank : registers) ++histogram[rank];
  return Estimate(histogram);
}

bool HllMergeInto(std::string_view bytes, HllRegisters* registers) {
  const auto raise = [registers](int index, uint8_t rank) {
    uint8_t& here = (*registers)[static_cast<size_t>(index)];
    here = here < rank ? rank : here;
  };
  if (HllEncodingOf(bytes) == HllEncoding::kDense) {
    ForEachDense(bytes, raise);
    return true;
  }
  return ForEachRun(bytes, [&](int first, const HllRun& run) {
    if (run.value == 0) return;
    for (int i = 0; i < run.length; ++i) raise(first + i, static_cast<uint8_t>(run.value));
  });
}

std::optional<uint8_t> HllRegisterAt(std::string_view bytes, int index) {
  if (HllEncodingOf(bytes) == HllEncoding::kDense) return DenseRegister(bytes.substr(kHllHeaderBytes), index);
  int first = 0;
  for (size_t at = kHllHeaderBytes; at < bytes.size();) {
    const HllRun run = HllRunAt(bytes, at);
    if (index < first + run.length) return static_cast<uint8_t>(run.value);
    first += run.length;
    at += static_cast<size_t>(run.bytes);
  }
  return std::nullopt;
}

std::string HllRunsAsText(std::string_view bytes) {
  std::string text;
  for (size_t at = kHllHeaderBytes; at < bytes.size();) {
    const HllRun run = HllRunAt(bytes, at);
    if (!text.empty()) text += ' ';
    if (run.value != 0) {
      text += "v:" + std::to_string(run.value) + "," + std::to_string(run.length);
    } else {
      text += (run.bytes == 1 ? "z:" : "Z:") + std::to_string(run.length);
    }
    at += static_cast<size_t>(run.bytes);
  }
  return text;
}

bool HllRaiseDense(std::span<char> bytes, HllHit hit) {
  const std::span<char> registers = bytes.subspan(kHllHeaderBytes);
  if (DenseRegister({registers.data(), registers.size()}, hit.index) >= hit.rank) return false;
  const size_t bit = static_cast<size_t>(hit.index) * 6;
  const unsigned low = static_cast<unsigned>(bit % 8);
  const unsigned mask = 63u << low;
  const unsigned value = static_cast<unsigned>(hit.rank) << low;
  for (size_t i = 0; i < 2 && bit / 8 + i < registers.size(); ++i) {
    char& byte = registers[bit / 8 + i];
    byte = static_cast<char>((static_cast<uint8_t>(byte) & ~(mask >> 8 * i)) | (value >> 8 * i));
  }
  return true;
}

void HllForgetCount(std::span<char> bytes) {
  char& last = bytes[kHllHeaderBytes - 1];
  last = static_cast<char>(static_cast<uint8_t>(last) | kStaleCount);
}

void HllRememberCount(std::span<char> bytes, uint64_t count) {
  std::memcpy(bytes.data() + kCountAt, &count, sizeof(count));
}

}  // namespace windlass::types
