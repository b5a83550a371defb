// See command_stats.h.
#include "node/observe/command_stats.h"

#include <algorithm>
#include <bit>

namespace windlass::observe {

int LatencyHistogram::BucketOf(uint64_t us) {
  if (us < 4) return static_cast<int>(us);
  const int power = 63 - std::countl_zero(us);             // >= 2
  const int quarter = static_cast<int>(us >> (power - 2)) & 3;
  return std::min((power - 1) * 4 + quarter, kBuckets - 1);
}

uint64_t LatencyHistogram::UpperBound(int bucket) {
  if (bucket < 4) return static_cast<uint64_t>(bucket);
  const int power = bucket / 4 + 1;
  const uint64_t quarter = static_cast<uint64_t>(bucket % 4);
  return ((4 + quarter + 1) << (power - 2)) - 1;
}

void LatencyHistogram::Add(int64_t ns) {
  ++buckets_[static_cast<size_t>(BucketOf(static_cast<uint64_t>(ns) / 1000))];
  ++count_;
}

double LatencyHistogram::PercentileUs(double percentile) const {
  const double wanted = std::max(1.0, static_cast<double>(count_) * percentile / 100.0);
  uint64_t seen = 0;
  for (int i = 0; i < kBuckets; ++i) {
    seen += buckets_[static_cast<size_t>(i)];
    if (static_cast<double>(seen) >= wanted) return static_cast<double>(UpperBound(i)) + 0.001 * (i == 0);
  }
  return 0;
}

std::vector<std::pair<uint64_t, uint64_t>> LatencyHistogram::Cumulative() const {
  std::vector<std::pair<uint64_t, uint64_t>> out;
  uint64_t bound = 1;
  uint64_t seen = 0;
  uint64_t reported = 0;
  for (int i = 0; i < kBuckets; ++i) {
    seen += buckets_[static_cast<size_t>(i)];
    while (i + 1 == kBuckets || UpperBound(i + 1) > bound) {
      if (seen > reported) out.emplace_back(bound, seen);
      reported = seen;
      if (seen == count_) return out;
      bound *= 2;
      if (i + 1 == kBuckets && bound > UpperBound(i)) return out;
    }
  }
  return out;
}

void CommandStats::AddError(std::string_view code) {
  const auto it = errors_.find(code);
  if (it != errors_.end()) {
    ++it->second;
  } else if (errors_.size() < kMaxErrorCodes) {
    errors_.emplace(code, 1);
  }
}

void CommandStats::Reset() {
  for (CommandCounters& counters : counters_) counters = CommandCounters();
  errors_.clear();
}

}  // namespace windlass::observe
