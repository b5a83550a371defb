// Integers inside strings. See bitfield.h.
#include "node/types/bitfield.h"

#include <algorithm>

#include "node/types/number.h"

namespace windlass::types {

namespace {

__extension__ using Wide = __int128;  // holds every sum of two 64-bit numbers

// The bits above those of the type follow its sign.
int64_t Fit(BitfieldType type, uint64_t value) {
  if (type.bits == 64) return static_cast<int64_t>(value);
  const int unused = 64 - type.bits;
  return type.is_signed ? static_cast<int64_t>(value << unused) >> unused
                        : static_cast<int64_t>(value << unused >> unused);
}

}  // namespace

std::optional<BitfieldType> ParseBitfieldType(std::string_view text) {
  if (text.empty() || (text[0] != 'i' && text[0] != 'u')) return std::nullopt;
  const auto bits = ParseInteger(text.substr(1));
  const bool is_signed = text[0] == 'i';
  if (!bits || *bits < 1 || *bits > (is_signed ? 64 : 63)) return std::nullopt;
  return BitfieldType{is_signed, static_cast<int>(*bits)};
}

int64_t ReadBitfield(std::string_view bytes, size_t bit, BitfieldType type) {
  // Nine bytes hold any field; those that are not there are zero.
  Wide window = 0;
  const size_t first = bit / 8;
  for (size_t i = first; i < first + 9; ++i) {
    window = window << 8 | (i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0);
  }
  const int behind = 72 - static_cast<int>(bit % 8) - type.bits;
  return Fit(type, static_cast<uint64_t>(window >> behind));
}

void WriteBitfield(std::span<char> bytes, size_t bit, BitfieldType type, int64_t value) {
  int left = type.bits;  // of the field, from its top
  while (left > 0) {
    const int free = 8 - static_cast<int>(bit % 8);
    const int taken = std::min(free, left);
    const unsigned mask = ((1u << taken) - 1) << (free - taken);
    const unsigned part = static_cast<unsigned>(static_cast<uint64_t>(value) >> (left - taken)) << (free - taken);
    char& byte = bytes[bit / 8];
    byte = static_cast<char>((static_cast<uint8_t>(byte) & ~mask) | (part & mask));
    bit += static_cast<size_t>(taken);
    left -= taken;
  }
}

std::optional<int64_t> AddToBitfield(BitfieldType type, int64_t value, int64_t change, BitfieldOverflow overflow) {
  const Wide sum = (type.is_signed ? Wide{value} : Wide{static_cast<uint64_t>(value)}) + change;
  const Wide least = type.is_signed ? -(Wide{1} << (type.bits - 1)) : Wide{0};
  const Wide most = (Wide{1} << (type.is_signed ? type.bits - 1 : type.bits)) - 1;
  if (sum >= least && sum <= most) return static_cast<int64_t>(sum);
  switch (overflow) {
    case BitfieldOverflow::kWrap: return Fit(type, static_cast<uint64_t>(sum));
    case BitfieldOverflow::kSaturate: {
      // What is so far below that the way up to `most` does not fit 64 bits counts as above, as it does in Redis.
      const bool below = sum < least && (type.bits == 64 || !type.is_signed || most - value <= INT64_MAX);
      return static_cast<int64_t>(below ? least : most);
    }
    case BitfieldOverflow::kFail: break;
  }
  return std::nullopt;
}

}  // namespace windlass::types
