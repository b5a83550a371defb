// Changing sparse HyperLogLogs. See hyperloglog.h. Which of several ways to write the same
// registers is taken is Redis's: a string must come out the same, byte for byte.
#include <algorithm>

#include "node/types/hyperloglog.h"
#include "node/types/hyperloglog_runs.h"

namespace windlass::types {

namespace {

// The run that holds a register.
struct Place {
  size_t at = 0;
  size_t before = 0;  // where the run before it is; `at` if it is the first
  int first = 0;      // its first register
  HllRun run = {};
};

std::optional<Place> Locate(std::string_view bytes, int index) {
  Place place;
  place.at = place.before = kHllHeaderBytes;
  while (place.at < bytes.size()) {
    place.run = HllRunAt(bytes, place.at);
    if (place.at + static_cast<size_t>(place.run.bytes) > bytes.size()) return std::nullopt;
    if (index < place.first + place.run.length) return place;
    place.before = place.at;
    place.first += place.run.length;
    place.at += static_cast<size_t>(place.run.bytes);
  }
  return std::nullopt;
}

// Neighbours of one value become one run, in the five runs from `at` on.
void JoinRuns(std::string* bytes, size_t at) {
  for (int left = 5; left > 0 && at < bytes->size(); --left) {
    const HllRun run = HllRunAt(*bytes, at);
    const size_t next = at + static_cast<size_t>(run.bytes);
    if (run.value != 0 && next < bytes->size()) {
      const HllRun behind = HllRunAt(*bytes, next);
      if (behind.value == run.value && run.length + behind.length <= kHllMaxRunLength) {
        WriteHllRun(bytes->data() + at, run.value, run.length + behind.length);
        bytes->erase(next, 1);
        continue;  // perhaps with the next, too
      }
    }
    at = next;
  }
}

HllChange RaiseAsDense(std::string* bytes, HllHit hit) {
  if (!HllToDense(bytes)) return HllChange::kCorrupt;
  HllRaiseDense({bytes->data(), bytes->size()}, hit);
  return HllChange::kRaised;
}

HllChange RaiseSparse(std::string* bytes, HllHit hit, size_t max_sparse_bytes) {
  if (hit.rank > kHllMaxRunValue) return RaiseAsDense(bytes, hit);
  const auto place = Locate(*bytes, hit.index);
  if (!place) return HllChange::kCorrupt;
  const HllRun& run = place->run;
  if (run.value >= hit.rank) return HllChange::kNone;
  // What is left of the run on both sides, and the register between.
  char pieces[5];
  int size = 0;
  const int left = hit.index - place->first;
  const int right = place->first + run.length - 1 - hit.index;
  if (left > 0) size += WriteHllRun(pieces + size, run.value, left);
  size += WriteHllRun(pieces + size, hit.rank, 1);
  if (right > 0) size += WriteHllRun(pieces + size, run.value, right);
  if (size > run.bytes && bytes->size() + static_cast<size_t>(size - run.bytes) > max_sparse_bytes) {
    return RaiseAsDense(bytes, hit);
  }
  bytes->replace(place->at, static_cast<size_t>(run.bytes), pieces, static_cast<size_t>(size));
  JoinRuns(bytes, place->before);
  return HllChange::kRaised;
}

}  // namespace

std::string EmptyHyperLogLog() {
  std::string bytes("HYLL", 4);
  bytes.resize(kHllHeaderBytes + 2);
  bytes[4] = static_cast<char>(HllEncoding::kSparse);
  WriteHllRun(bytes.data() + kHllHeaderBytes, 0, kHllRegisters);
  return bytes;
}

bool HllToDense(std::string* bytes) {
  if (HllEncodingOf(*bytes) == HllEncoding::kDense) return true;
  HllRegisters registers = {};
  if (!HllMergeInto(*bytes, &registers)) return false;
  bytes->resize(kHllHeaderBytes);  // the cached count stays
  bytes->resize(kHllDenseBytes);
  (*bytes)[4] = static_cast<char>(HllEncoding::kDense);
  for (int index = 0; index < kHllRegisters; ++index) {
    const uint8_t rank = registers[static_cast<size_t>(index)];
    if (rank != 0) HllRaiseDense({bytes->data(), bytes->size()}, {index, rank});
  }
  return true;
}

HllChange HllRaise(std::string* bytes, HllHit hit, size_t max_sparse_bytes) {
  if (HllEncodingOf(*bytes) == HllEncoding::kSparse) return RaiseSparse(bytes, hit, max_sparse_bytes);
  return HllRaiseDense({bytes->data(), bytes->size()}, hit) ? HllChange::kRaised : HllChange::kNone;
}

}  // namespace windlass::types
