// Hash slots: which of the 16 384 a key belongs to, ranges and sets of them.
//
// Follows the Redis cluster specification, "Keys distribution model": slot =
// CRC16(XMODEM) of the key, or of its first non-empty {tag}, modulo 16 384.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.h"

namespace windlass::slot {

using SlotId = uint16_t;
inline constexpr int kSlotCount = 16384;

uint16_t Crc16(std::string_view bytes);

// The part of the key that is hashed: the bytes between the first '{' and the
// next '}' if there is at least one, else the whole key.
std::string_view HashTag(std::string_view key);

SlotId KeySlot(std::string_view key);

// An inclusive range. Invariant: first <= last < kSlotCount.
struct SlotRange {
  SlotId first = 0;
  SlotId last = 0;
  int size() const { return last - first + 1; }
  bool operator==(const SlotRange&) const = default;
};

// "5" or "5-10".
base::Result<SlotRange> ParseSlotRange(std::string_view text);
std::string ToString(const SlotRange& range);

}  // namespace windlass::slot
