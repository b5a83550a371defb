// See slot_stats.h.
#include "node/observe/slot_stats.h"

#include <algorithm>

namespace windlass::observe {

void SlotStats::Enable(bool on) {
  if (on == enabled()) return;
  counters_ = on ? std::make_unique<Counters[]>(kSlots) : nullptr;
}

void SlotStats::Reset() {
  if (enabled()) std::fill_n(counters_.get(), kSlots, Counters());
}

}  // namespace windlass::observe
