// See cycle_clock.h.
#include "node/observe/cycle_clock.h"

#include <time.h>

namespace windlass::observe {

TickScale TickScale::Measure() {
  const auto now_ns = [] {
    timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return static_cast<int64_t>(ts.tv_sec) * 1000000000 + ts.tv_nsec;
  };
  const int64_t begin_ns = now_ns();
  const uint64_t begin_ticks = ReadTicks();
  int64_t end_ns = begin_ns;
  while (end_ns - begin_ns < 2000000) end_ns = now_ns();
  const uint64_t ticks = ReadTicks() - begin_ticks;
  TickScale scale;
  if (ticks > 0) scale.ns_per_tick_ = static_cast<double>(end_ns - begin_ns) / static_cast<double>(ticks);
  return scale;
}

}  // namespace windlass::observe
