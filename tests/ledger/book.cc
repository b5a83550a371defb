#include "tests/ledger/book.h"

namespace windlass::ledger {

Verdict Judge(const Entry& entry, std::optional<uint32_t> seen) {
  if (!seen) {
    // Absent is right if nothing is promised, or a delete is among what may be last.
    const bool deleted = entry.last_delete != 0 && entry.last_delete >= entry.required;
    return entry.required == 0 || deleted ? Verdict::kRight : Verdict::kLost;
  }
  if (*seen == 0 || *seen > entry.attempted) return Verdict::kFromNowhere;
  return *seen >= entry.required ? Verdict::kRight : Verdict::kLost;
}

CounterVerdict Judge(const Counter& counter, uint64_t value) {
  CounterVerdict verdict;
  if (value < counter.required) verdict.lost = counter.required - value;
  const uint64_t most = counter.acked + counter.unknown;
  if (value > most) verdict.double_applied = value - most;
  return verdict;
}

std::string MakeValue(uint32_t number, size_t size) {
  std::string value = std::to_string(number) + ":";
  if (value.size() < size) value.append(size - value.size(), 'v');
  return value;
}

std::optional<uint32_t> NumberOf(const char* data, size_t size) {
  uint64_t number = 0;
  size_t i = 0;
  for (; i < size && data[i] >= '0' && data[i] <= '9' && i < 10; ++i) number = number * 10 + (data[i] - '0');
  if (i == 0 || i == size || data[i] != ':' || number > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(number);
}

}  // namespace windlass::ledger
