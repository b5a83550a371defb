// A clock cheap enough to read around every command: the processor's counter
// where there is one that ticks evenly, else the monotonic clock.
#pragma once

#include <cstdint>

#if !defined(__x86_64__)
#include <ctime>
#endif

namespace windlass::observe {

inline uint64_t ReadTicks() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return static_cast<uint64_t>(ts.tv_sec) * 1000000000u + static_cast<uint64_t>(ts.tv_nsec);
#endif
}

// Ticks to time, measured once at start-up (about 2 ms).
class TickScale {
 public:
  static TickScale Measure();
  int64_t Nanoseconds(uint64_t ticks) const {
    return static_cast<int64_t>(static_cast<double>(ticks) * ns_per_tick_);
  }

 private:
  double ns_per_tick_ = 1.0;
};

}  // namespace windlass::observe
