// See pass_times.h.
#include "operator/health/pass_times.h"

#include <cstdio>

namespace windlass::health {

void PassTimes::Add(std::chrono::steady_clock::duration took, bool succeeded) {
  const double seconds = std::chrono::duration<double>(took).count();
  size_t bucket = 0;
  while (bucket < kBoundsSeconds.size() && seconds > kBoundsSeconds[bucket]) ++bucket;
  const std::lock_guard lock(mutex_);
  ++counts_[bucket];
  seconds_ += seconds;
  ++(succeeded ? succeeded_ : failed_);
}

void PassTimes::WriteTo(MetricText* text) const {
  const std::lock_guard lock(mutex_);
  text->Family("windlass_reconcile_total", "counter", "Reconcile passes, by how they ended");
  text->Sample("windlass_reconcile_total", {{"result", "success"}}, static_cast<double>(succeeded_));
  text->Sample("windlass_reconcile_total", {{"result", "error"}}, static_cast<double>(failed_));
  text->Family("windlass_reconcile_duration_seconds", "histogram", "How long reconcile passes took");
  uint64_t below = 0;
  for (size_t i = 0; i < kBoundsSeconds.size(); ++i) {
    below += counts_[i];
    char bound[24];
    std::snprintf(bound, sizeof bound, "%g", kBoundsSeconds[i]);
    text->Sample("windlass_reconcile_duration_seconds_bucket", {{"le", bound}}, static_cast<double>(below));
  }
  below += counts_.back();
  text->Sample("windlass_reconcile_duration_seconds_bucket", {{"le", "+Inf"}}, static_cast<double>(below));
  text->Sample("windlass_reconcile_duration_seconds_sum", {}, seconds_);
  text->Sample("windlass_reconcile_duration_seconds_count", {}, static_cast<double>(below));
}

}  // namespace windlass::health
