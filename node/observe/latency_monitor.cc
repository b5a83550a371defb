// See latency_monitor.h.
#include "node/observe/latency_monitor.h"

#include <algorithm>

namespace windlass::observe {

void LatencyMonitor::Add(std::string_view event, int64_t unix_seconds, int64_t ms) {
  auto it = events_.find(event);
  if (it == events_.end()) it = events_.emplace(std::string(event), Event{}).first;
  Event& entry = it->second;
  entry.max_ms = std::max(entry.max_ms, ms);
  if (!entry.samples.empty() && entry.samples.back().unix_seconds == unix_seconds) {
    entry.samples.back().ms = std::max(entry.samples.back().ms, ms);
    return;
  }
  entry.samples.push_back({unix_seconds, ms});
  if (entry.samples.size() > kSamples) entry.samples.pop_front();
}

bool LatencyMonitor::Reset(std::string_view event) {
  const auto it = events_.find(event);
  if (it == events_.end()) return false;
  events_.erase(it);
  return true;
}

size_t LatencyMonitor::ResetAll() {
  const size_t count = events_.size();
  events_.clear();
  return count;
}

}  // namespace windlass::observe
