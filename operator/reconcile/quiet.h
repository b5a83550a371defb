// How long until a cluster is looked at again, of which nothing is heard.
//
// What Kubernetes tells of wakes a pass at once. What only the nodes know (a failover by
// the bus, a hand that moves slots) is found by looking: within a quarter of the time for
// which all has been as it was, so soon after anything has happened, and at most this far
// apart where nothing ever does.
#pragma once

#include <chrono>
#include <cstdint>

namespace windlass::reconcile {

class Quiet {
 public:
  // A pass begins, at this time of a clock that does not jump. One that comes before it
  // was due was woken: something has happened.
  void Begin(int64_t now_ms);
  // Something was done, or is not as it was.
  void Disturb(int64_t now_ms) { since_ms_ = now_ms; }

  // When all is well, and while something is waited for.
  std::chrono::milliseconds UntilIdleLook(int64_t now_ms);
  std::chrono::milliseconds UntilBusyLook(int64_t now_ms);

 private:
  std::chrono::milliseconds After(int64_t now_ms, int64_t least_ms, int64_t most_ms, int64_t share);

  int64_t since_ms_ = 0;
  int64_t due_ms_ = 0;  // 0: no pass yet
};

}  // namespace windlass::reconcile
