// See intset.h.
#include "node/types/intset.h"

#include <cstring>

namespace windlass::types {
namespace {

constexpr size_t kHeader = 8;

size_t WidthOf(int64_t value) {
  if (value >= INT16_MIN && value <= INT16_MAX) return 2;
  return value >= INT32_MIN && value <= INT32_MAX ? 4 : 8;
}

}  // namespace

Intset::Intset() : bytes_(kHeader, '\0') { SetHeader(2, 0); }

std::optional<Intset> Intset::Parse(std::string_view bytes) {
  if (bytes.size() < kHeader) return std::nullopt;
  Intset set;
  set.bytes_ = bytes;
  const size_t width = set.width();
  if (width != 2 && width != 4 && width != 8) return std::nullopt;
  if ((bytes.size() - kHeader) / width != set.size() || (bytes.size() - kHeader) % width != 0) return std::nullopt;
  for (size_t i = 1; i < set.size(); ++i) {
    if (set.At(i - 1) >= set.At(i)) return std::nullopt;
  }
  return set;
}

size_t Intset::width() const {
  uint32_t width = 0;
  std::memcpy(&width, bytes_.data(), 4);
  return width;
}

size_t Intset::size() const {
  uint32_t count = 0;
  std::memcpy(&count, bytes_.data() + 4, 4);
  return count;
}

void Intset::SetHeader(size_t width, size_t count) {
  const uint32_t stored[2] = {static_cast<uint32_t>(width), static_cast<uint32_t>(count)};
  std::memcpy(bytes_.data(), stored, sizeof stored);
}

int64_t Intset::At(size_t index) const {
  const size_t bytes = width();
  uint64_t bits = 0;
  std::memcpy(&bits, bytes_.data() + kHeader + index * bytes, bytes);
  const size_t unused = 64 - 8 * bytes;
  return static_cast<int64_t>(bits << unused) >> unused;
}

void Intset::Put(size_t index, int64_t value) {
  std::memcpy(bytes_.data() + kHeader + index * width(), &value, width());
}

Intset::Place Intset::Locate(int64_t value) const {
  size_t low = 0;
  size_t high = size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    const int64_t here = At(middle);
    if (here == value) return {middle, true};
    if (here < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return {low, false};
}

void Intset::Widen(size_t width) {
  Intset wide;
  const size_t count = size();
  wide.bytes_.resize(kHeader + count * width);
  wide.SetHeader(width, count);
  for (size_t i = 0; i < count; ++i) wide.Put(i, At(i));
  *this = std::move(wide);
}

bool Intset::Add(int64_t value) {
  if (WidthOf(value) > width()) Widen(WidthOf(value));
  const Place place = Locate(value);
  if (place.found) return false;
  bytes_.insert(kHeader + place.index * width(), width(), '\0');
  SetHeader(width(), size() + 1);
  Put(place.index, value);
  return true;
}

bool Intset::Erase(int64_t value) {
  const Place place = Locate(value);
  if (!place.found) return false;
  bytes_.erase(kHeader + place.index * width(), width());
  SetHeader(width(), size() - 1);
  return true;
}

}  // namespace windlass::types
