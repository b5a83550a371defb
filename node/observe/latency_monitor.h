// LATENCY: for each class of event, the spikes at or above the threshold, one
// sample a second at most, the last 160 of them.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace windlass::observe {

class LatencyMonitor {
 public:
  struct Sample {
    int64_t unix_seconds;
    int64_t ms;
  };
  struct Event {
    std::deque<Sample> samples;
    int64_t max_ms = 0;
  };
  void Add(std::string_view event, int64_t unix_seconds, int64_t ms);
  const std::map<std::string, Event, std::less<>>& events() const { return events_; }
  bool Reset(std::string_view event);
  size_t ResetAll();

 private:
  static constexpr size_t kSamples = 160;
  std::map<std::string, Event, std::less<>> events_;
};

}  // namespace windlass::observe
