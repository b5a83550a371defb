// See load_meter.h.
#include "operator/autoscale/load_meter.h"

#include <algorithm>

namespace windlass::autoscale {
namespace {

// Closer together, a counter's own grain would be most of the rate.
constexpr int64_t kLeastApartMs = 100;

using Counter = std::optional<double> Counters::*;

std::optional<double> Rate(const Counters& before, const Counters& now, Counter counter) {
  const std::optional<double>& from = before.*counter;
  const std::optional<double>& to = now.*counter;
  if (!from || !to || *to < *from) return std::nullopt;
  return (*to - *from) * 1000 / static_cast<double>(now.at_ms - before.at_ms);
}

// Of whichever ends first: the one core that executes commands, or what the pod may use.
std::optional<double> CpuPercent(const Counters& before, const Counters& now, std::optional<double> limit) {
  const auto process = Rate(before, now, &Counters::cpu_seconds);
  const auto commands = Rate(before, now, &Counters::command_cpu_seconds);
  if (!process) return std::nullopt;
  double share = commands.value_or(*process);
  if (limit && *limit > 0) share = std::max(share, *process / *limit);
  return 100 * share;
}

}  // namespace

ShardLoad LoadMeter::Read(const std::string& shard, const Counters& now, std::optional<double> cpu_limit) {
  ShardLoad load;
  load.shard = shard;
  load.memory_percent = now.memory_percent;
  load.ops_per_second = now.ops_per_second;
  const auto last = last_.find(shard);
  if (last != last_.end() && last->second.process == now.process && now.at_ms - last->second.at_ms >= kLeastApartMs) {
    load.cpu_percent = CpuPercent(last->second, now, cpu_limit);
    load.network_bytes_per_second = Rate(last->second, now, &Counters::network_bytes);
    load.evictions_per_second = Rate(last->second, now, &Counters::evicted_keys);
  }
  last_[shard] = now;
  return load;
}

}  // namespace windlass::autoscale
