#include "node/slot/slot.h"

#include <array>
#include <charconv>

namespace windlass::slot {

namespace {

// CRC-16/XMODEM: polynomial 0x1021, no reflection, initial value 0.
constexpr std::array<uint16_t, 256> MakeTable() {
  std::array<uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    uint16_t crc = static_cast<uint16_t>(byte << 8);
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
    table[byte] = crc;
  }
  return table;
}

constexpr std::array<uint16_t, 256> kTable = MakeTable();

bool ParseSlot(std::string_view text, SlotId* slot) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  if (value < 0 || value >= kSlotCount) return false;
  *slot = static_cast<SlotId>(value);
  return true;
}

}  // namespace

uint16_t Crc16(std::string_view bytes) {
  uint16_t crc = 0;
  for (const char c : bytes) {
    crc = static_cast<uint16_t>((crc << 8) ^ kTable[((crc >> 8) ^ static_cast<uint8_t>(c)) & 0xff]);
  }
  return crc;
}

std::string_view HashTag(std::string_view key) {
  const size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

SlotId KeySlot(std::string_view key) { return Crc16(HashTag(key)) & (kSlotCount - 1); }

base::Result<SlotRange> ParseSlotRange(std::string_view text) {
  SlotRange range;
  const size_t dash = text.find('-');
  const std::string_view first = text.substr(0, dash);
  const std::string_view last = dash == std::string_view::npos ? first : text.substr(dash + 1);
  if (!ParseSlot(first, &range.first) || !ParseSlot(last, &range.last) || range.first > range.last) {
    return base::Error{"'" + std::string(text) + "' is not a slot or a range of slots between 0 and 16383"};
  }
  return range;
}

std::string ToString(const SlotRange& range) {
  if (range.first == range.last) return std::to_string(range.first);
  return std::to_string(range.first) + "-" + std::to_string(range.last);
}

}  // namespace windlass::slot
