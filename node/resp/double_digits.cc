// See double_digits.h.
//
// The double and the middles between it and its neighbours are multiplied by a power of
// ten that brings their binary exponent into a narrow range, where the digits can be read
// off with 64-bit integers. What the rounded power may have cost is taken from the interval.
#include "node/resp/double_digits.h"

#include <array>
#include <bit>
#include <cstdint>
#include <initializer_list>

namespace windlass::resp {
namespace {

constexpr int kFractionBits = 52;
constexpr uint64_t kHiddenBit = uint64_t{1} << kFractionBits;
constexpr int kExponentBias = 1023 + kFractionBits;

// fraction * 2^exponent
struct Scaled {
  uint64_t fraction;
  int exponent;
};

// --- powers of ten

constexpr int kFirstPower = -348;
constexpr int kPowerStep = 8;
constexpr int kPowers = 87;
// Of a product of a double and its power: the digits before the point fit 32 bits.
constexpr int kLowestExponent = -60;
constexpr int kHighestExponent = -32;

// A whole number of 1280 bits, the low ones first: enough for 10^340, and for 10^-348 times 2^1280.
class Wide {
 public:
  constexpr explicit Wide(size_t bit) { limbs_[bit / 32] = 1u << bit % 32; }
  constexpr void Multiply(uint32_t by) {
    uint64_t carry = 0;
    for (uint32_t& limb : limbs_) {
      carry += uint64_t{limb} * by;
      limb = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }
  constexpr void Divide(uint32_t by) {
    uint64_t rest = 0;
    for (size_t i = kLimbs; i-- > 0;) {
      rest = rest << 32 | limbs_[i];
      limbs_[i] = static_cast<uint32_t>(rest / by);
      rest %= by;
    }
  }
  // The first 64 bits, rounded.
  constexpr Scaled Top() const {
    size_t bits = kLimbs * 32;
    while (!Bit(bits - 1)) --bits;
    uint64_t fraction = 0;
    for (size_t i = 1; i <= 64; ++i) fraction = fraction << 1 | (bits >= i && Bit(bits - i) ? 1u : 0u);
    if (bits > 64 && Bit(bits - 65)) ++fraction;
    return {fraction, static_cast<int>(bits) - 64};
  }

 private:
  static constexpr size_t kLimbs = 41;
  constexpr bool Bit(size_t i) const { return (limbs_[i / 32] >> i % 32 & 1) != 0; }

  std::array<uint32_t, kLimbs> limbs_{};
};

constexpr std::array<Scaled, kPowers> MakePowers() {
  constexpr uint32_t kStep = 100000000;
  constexpr size_t kFractionOfWide = 1280;
  std::array<Scaled, kPowers> powers{};
  // The power nearest to 1 is 10^-4.
  constexpr int kBelowOne = (-kFirstPower + kPowerStep - 1) / kPowerStep;
  Wide below(kFractionOfWide);
  below.Divide(10000);
  for (int i = kBelowOne - 1; i >= 0; --i) {
    const Scaled top = below.Top();
    powers[static_cast<size_t>(i)] = {top.fraction, top.exponent - static_cast<int>(kFractionOfWide)};
    below.Divide(kStep);
  }
  Wide above(0);
  above.Multiply(10000);
  for (int i = kBelowOne; i < kPowers; ++i) {
    powers[static_cast<size_t>(i)] = above.Top();
    above.Multiply(kStep);
  }
  return powers;
}

constexpr std::array<Scaled, kPowers> kPowersOfTen = MakePowers();

// The index of the power for a fraction of 64 bits with this exponent. Several may do; which
// one is taken shows in the digits, so the search begins where others begin it.
size_t PowerFor(int exponent) {
  constexpr double kLog10Of2 = 0.30102999566398114;
  int i = (static_cast<int>(-(exponent + kPowers) * kLog10Of2) - kFirstPower) / kPowerStep;
  for (;;) {
    const int product = exponent + kPowersOfTen[static_cast<size_t>(i)].exponent + 64;
    if (product < kLowestExponent) {
      ++i;
    } else if (product > kHighestExponent) {
      --i;
    } else {
      return static_cast<size_t>(i);
    }
  }
}

// --- digits

uint64_t Multiply(uint64_t a, uint64_t b) {
  using Product = unsigned __int128;
  return static_cast<uint64_t>((Product{a} * b + (uint64_t{1} << 63)) >> 64);
}

// The last digit goes down as long as that brings what the digits say nearer to the value.
// All but `digits` in one unit: what the digits lack of the upper end (`rest`), the width of
// the interval, one of the last digit, and what the value lacks of the upper end.
void Approach(DoubleDigits* digits, uint64_t rest, uint64_t width, uint64_t one, uint64_t value) {
  while (rest < value && width - rest >= one && (rest + one < value || value - rest > rest + one - value)) {
    --digits->text[digits->count - 1];
    rest += one;
  }
}

void Append(DoubleDigits* digits, uint64_t digit) {
  if (digit != 0 || digits->count > 0) digits->text[digits->count++] = static_cast<char>('0' + digit);
}

// As few digits of `upper` as say a number above `lower`; all three have one exponent.
void ReadOff(uint64_t upper, uint64_t value, uint64_t lower, int exponent, DoubleDigits* digits) {
  const int shift = -exponent;
  const uint64_t fraction_mask = (uint64_t{1} << shift) - 1;
  uint64_t width = upper - lower;
  uint64_t lacking = upper - value;
  uint64_t whole = upper >> shift;
  uint64_t fraction = upper & fraction_mask;
  uint64_t unit = 1000000000;
  for (int power = 9; power >= 0; --power, unit /= 10) {
    Append(digits, whole / unit);
    whole %= unit;
    const uint64_t rest = (whole << shift) + fraction;
    if (rest <= width) {
      digits->power += power;
      return Approach(digits, rest, width, unit << shift, lacking);
    }
  }
  for (;;) {
    fraction *= 10;
    width *= 10;
    lacking *= 10;
    --digits->power;
    Append(digits, fraction >> shift);
    fraction &= fraction_mask;
    if (fraction < width) return Approach(digits, fraction, width, fraction_mask + 1, lacking);
  }
}

}  // namespace

DoubleDigits DigitsOf(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  const int stored = static_cast<int>(bits >> kFractionBits);
  uint64_t fraction = bits & (kHiddenBit - 1);
  int exponent = 1 - kExponentBias;
  if (stored != 0) {
    fraction += kHiddenBit;
    exponent = stored - kExponentBias;
  }
  // The neighbour below a power of two is half as far as the one above.
  const int below = fraction == kHiddenBit ? 2 : 1;
  const uint64_t upper = (fraction << 1) + 1;
  const int shift = std::countl_zero(upper);
  const int common = exponent - 1 - shift;  // the exponent of all three
  const uint64_t lower = ((fraction << below) - 1) << (exponent - below - common);
  const size_t index = PowerFor(common);
  const Scaled power = kPowersOfTen[index];
  DoubleDigits digits;
  digits.power = -(kFirstPower + static_cast<int>(index) * kPowerStep);
  ReadOff(Multiply(upper << shift, power.fraction) - 1, Multiply(fraction << (shift + 1), power.fraction),
          Multiply(lower, power.fraction) + 1, common + power.exponent + 64, &digits);
  return digits;
}

}  // namespace windlass::resp
