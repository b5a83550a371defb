// CRC-64/Jones, eight bytes a step ("slicing by eight"): table k advances a byte
// through k further zero bytes, so eight look-ups replace eight dependent steps.
//
// Longer texts are folded where the processor multiplies without carries: sixteen bytes
// are a polynomial X, and X * x^D mod P, which has the same remainder D bits on, is added to the
// sixteen bytes there (V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using
// PCLMULQDQ Instruction", Intel 2009).
#include "node/persistence/crc64.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <array>
#include <cstring>

namespace windlass::persistence {
namespace {

constexpr uint64_t kReflectedPolynomial = 0x95ac9329ac4bc9b5ULL;  // 0xad93d23594c935a9 reversed

using Tables = std::array<std::array<uint64_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables t{};
  for (uint64_t i = 0; i < 256; ++i) {
    uint64_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ kReflectedPolynomial : crc >> 1;
    t[0][i] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t i = 0; i < 256; ++i) t[k][i] = (t[k - 1][i] >> 8) ^ t[0][t[k - 1][i] & 0xff];
  }
  return t;
}

constexpr Tables kTables = MakeTables();

uint64_t BySlices(uint64_t crc, const char* p, size_t left) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the word-wise step reads little-endian");
  for (; left >= 8; p += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    crc ^= word;
    crc = kTables[7][crc & 0xff] ^ kTables[6][crc >> 8 & 0xff] ^ kTables[5][crc >> 16 & 0xff] ^
          kTables[4][crc >> 24 & 0xff] ^ kTables[3][crc >> 32 & 0xff] ^ kTables[2][crc >> 40 & 0xff] ^
          kTables[1][crc >> 48 & 0xff] ^ kTables[0][crc >> 56];
  }
  for (; left > 0; ++p, --left) crc = kTables[0][(crc ^ static_cast<uint8_t>(*p)) & 0xff] ^ (crc >> 8);
  return crc;
}

#if defined(__x86_64__)

constexpr size_t kLaneBytes = 16;
constexpr size_t kLanes = 4;
constexpr size_t kLeastFolded = 2 * kLanes * kLaneBytes;

// x^n mod P. Bits are reflected, as everywhere here: bit 63 is x^0.
constexpr uint64_t PowerOfX(int n) {
  uint64_t power = uint64_t{1} << 63;
  for (; n > 0; --n) power = (power & 1) != 0 ? (power >> 1) ^ kReflectedPolynomial : power >> 1;
  return power;
}

// What moves X by D bits. The first eight bytes are the higher half of X; a product of two
// reflected words is one power of x too high.
template <int D>
__m128i Mover() {
  constexpr uint64_t kHigher = PowerOfX(D + 64 - 1);
  constexpr uint64_t kLower = PowerOfX(D - 1);
  return _mm_set_epi64x(static_cast<int64_t>(kLower), static_cast<int64_t>(kHigher));
}

__m128i Load(const char* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

__attribute__((target("pclmul"))) __m128i Fold(__m128i x, __m128i mover, __m128i onto) {
  const __m128i higher = _mm_clmulepi64_si128(x, mover, 0x00);
  const __m128i lower = _mm_clmulepi64_si128(x, mover, 0x11);
  return _mm_xor_si128(_mm_xor_si128(higher, lower), onto);
}

// REQUIRES: left >= kLeastFolded
__attribute__((target("pclmul"))) uint64_t ByFolding(uint64_t crc, const char* p, size_t left) {
  __m128i lanes[kLanes];
  for (size_t i = 0; i < kLanes; ++i) lanes[i] = Load(p + i * kLaneBytes);
  lanes[0] = _mm_xor_si128(lanes[0], _mm_set_epi64x(0, static_cast<int64_t>(crc)));
  constexpr size_t kRow = kLanes * kLaneBytes;
  const __m128i by_row = Mover<8 * kRow>();
  for (p += kRow, left -= kRow; left >= kRow; p += kRow, left -= kRow) {
    for (size_t i = 0; i < kLanes; ++i) lanes[i] = Fold(lanes[i], by_row, Load(p + i * kLaneBytes));
  }
  const __m128i by_lane = Mover<8 * kLaneBytes>();
  __m128i x = lanes[0];
  for (size_t i = 1; i < kLanes; ++i) x = Fold(x, by_lane, lanes[i]);
  for (; left >= kLaneBytes; p += kLaneBytes, left -= kLaneBytes) x = Fold(x, by_lane, Load(p));
  char rest[kLaneBytes];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rest), x);
  return BySlices(BySlices(0, rest, sizeof rest), p, left);
}

const bool kMayFold = __builtin_cpu_supports("pclmul") != 0;

#endif

}  // namespace

uint64_t Crc64(uint64_t crc, std::string_view bytes) {
#if defined(__x86_64__)
  if (kMayFold && bytes.size() >= kLeastFolded) return ByFolding(crc, bytes.data(), bytes.size());
#endif
  return BySlices(crc, bytes.data(), bytes.size());
}

}  // namespace windlass::persistence
