// See stats.h.
#include "node/observe/stats.h"

namespace windlass::observe {

void Rate::Sample(int64_t now_us, uint64_t total) {
  if (last_us_ != 0 && now_us > last_us_ && total >= last_total_) {
    samples_[next_] = static_cast<double>(total - last_total_) * 1e6 / static_cast<double>(now_us - last_us_);
    next_ = (next_ + 1) % kSamples;
  }
  last_us_ = now_us;
  last_total_ = total;
}

double Rate::PerSecond() const {
  double sum = 0;
  for (const double sample : samples_) sum += sample;
  return sum / kSamples;
}

}  // namespace windlass::observe
