// What clients know, and what must be true of it: no confirmed write of a slot is ever
// missing where the slot is served, and at no moment two shards accept its writes.
#pragma once

#include <cstdint>
#include <map>

#include "node/slot/slot.h"

namespace windlass::sim {

class Truth {
 public:
  int64_t NextValue() { return ++last_; }
  void Confirmed(slot::SlotId slot, int64_t value) {
    int64_t& known = confirmed_[slot];
    if (value > known) known = value;
    ++confirmations_;
  }
  int64_t confirmed(slot::SlotId slot) const {
    const auto it = confirmed_.find(slot);
    return it == confirmed_.end() ? 0 : it->second;
  }
  int64_t confirmations() const { return confirmations_; }

 private:
  std::map<slot::SlotId, int64_t> confirmed_;
  int64_t last_ = 0;
  int64_t confirmations_ = 0;
};

}  // namespace windlass::sim
