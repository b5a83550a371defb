#include "node/base/clock.h"

#include <ctime>

namespace windlass::base {

int64_t SystemClock::UnixMs() const {
  timespec ts{};
  clock_gettime(CLOCK_REALTIME, &ts);
  return ts.tv_sec * int64_t{1000} + ts.tv_nsec / 1'000'000;
}

int64_t SystemClock::MonotonicUs() const {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * int64_t{1'000'000} + ts.tv_nsec / 1000;
}

}  // namespace windlass::base
