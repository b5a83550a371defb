// What runs on a host beside its cluster core, told of what the core orders. Without
// one a host's data is a number of writes that replicas copy whole (World::Replicate).
#pragma once

#include "node/slot/slot_set.h"
#include "tests/sim/host.h"

namespace windlass::sim {

class Companion {
 public:
  virtual ~Companion() = default;
  virtual void Starting(Host* host) = 0;  // before the core is made: loads the disk
  virtual void Started(Host* host) = 0;   // after the core has begun
  virtual void Crashed(Host* host) = 0;   // the core is still there
  virtual void Follows(Host* host) = 0;   // host->followed, follow_ip
  virtual void IsMaster(Host* host) = 0;
  virtual void HoldsStream(Host* host) = 0;
  virtual void LostSlots(Host* host, const slot::SlotSet& slots) = 0;
  virtual void Flushes(Host* host) = 0;
};

}  // namespace windlass::sim
