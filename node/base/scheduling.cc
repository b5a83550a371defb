// See scheduling.h. sched_setattr(2) has no wrapper in the C library.
#include "node/base/scheduling.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace windlass::base {
namespace {

constexpr uint64_t kSliceNs = 100'000;  // the least the kernel gives

// The first version of the kernel's structure.
struct SchedulingAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime_ns;
  uint64_t deadline_ns;
  uint64_t period_ns;
};

}  // namespace

void AskForShortSlices() {
  SchedulingAttributes attributes{};
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0 || attributes.policy != SCHED_OTHER) return;
  attributes.runtime_ns = kSliceNs;
  attributes.deadline_ns = attributes.period_ns = 0;
  (void)::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace windlass::base
