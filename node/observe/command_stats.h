// Calls, time and a latency histogram by command, and error replies by code.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::observe {

// Counts of durations in buckets whose bounds grow by a quarter of a power of
// two, from 1 µs; enough for percentiles within a few percent. No allocation.
class LatencyHistogram {
 public:
  void Add(int64_t ns);
  uint64_t count() const { return count_; }
  double PercentileUs(double percentile) const;
  // Cumulative counts at powers of two of microseconds, for LATENCY HISTOGRAM.
  std::vector<std::pair<uint64_t, uint64_t>> Cumulative() const;
  void Reset() { *this = LatencyHistogram(); }

 private:
  static constexpr int kBuckets = 4 * 32;
  static int BucketOf(uint64_t us);
  static uint64_t UpperBound(int bucket);
  std::array<uint32_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
};

struct CommandCounters {
  uint64_t calls = 0;
  int64_t total_ns = 0;
  uint64_t rejected = 0;  // refused before execution
  uint64_t failed = 0;    // replied with an error
  LatencyHistogram latency;
};

class CommandStats {
 public:
  void Resize(int ids) { counters_.resize(static_cast<size_t>(ids)); }
  CommandCounters& at(int id) { return counters_[static_cast<size_t>(id)]; }
  const CommandCounters& at(int id) const { return counters_[static_cast<size_t>(id)]; }
  int size() const { return static_cast<int>(counters_.size()); }

  // `code`: the first word of an error reply, "ERR".
  void AddError(std::string_view code);
  const std::map<std::string, uint64_t, std::less<>>& errors() const { return errors_; }
  void Reset();

 private:
  // A client that makes up codes (scripts can) does not grow the table for ever.
  static constexpr size_t kMaxErrorCodes = 128;
  std::vector<CommandCounters> counters_;
  std::map<std::string, uint64_t, std::less<>> errors_;
};

}  // namespace windlass::observe
