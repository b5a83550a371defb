// Time sources. Code that decides takes the time as an argument or a Clock, so
// that tests and the simulation can run on virtual time.
#pragma once

#include <cstdint>

namespace windlass::base {

class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since the Unix epoch; may jump. For expiry times and logs.
  virtual int64_t UnixMs() const = 0;
  // Microseconds from an arbitrary start; never goes back. For intervals.
  virtual int64_t MonotonicUs() const = 0;
};

class SystemClock final : public Clock {
 public:
  int64_t UnixMs() const override;
  int64_t MonotonicUs() const override;
};

}  // namespace windlass::base
