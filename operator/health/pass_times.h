// How many reconcile passes there were and how long they took. Thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "operator/health/metric_text.h"

namespace windlass::health {

class PassTimes {
 public:
  void Add(std::chrono::steady_clock::duration took, bool succeeded);
  void WriteTo(MetricText* text) const;

 private:
  static constexpr std::array<double, 9> kBoundsSeconds = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::array<uint64_t, kBoundsSeconds.size() + 1> counts_{};  // each its own, the last above every bound
  double seconds_ = 0;
  uint64_t succeeded_ = 0;
  uint64_t failed_ = 0;
};

}  // namespace windlass::health
