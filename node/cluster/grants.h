// Slots of this shard that another master may take at any moment: the grants of
// atomic migrations whose outcome is not known yet. See inputs.h.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "node/cluster/inputs.h"
#include "node/cluster/node.h"

namespace windlass::cluster {

class Grants {
 public:
  void Set(std::vector<Grant> grants) {
    grants_ = std::move(grants);
    Collect();
  }
  void Remove(slot::SlotId slot) {
    if (!slots_.Contains(slot)) return;
    slot::SlotSet one;
    one.Add(slot);
    Remove(one);
  }
  void Remove(const slot::SlotSet& slots) {
    if (grants_.empty()) return;
    for (Grant& grant : grants_) grant.slots -= slots;
    Collect();
  }

  const slot::SlotSet& slots() const { return slots_; }
  // The claim may be made whatever the epochs say: the grant was for its shard.
  bool Allows(slot::SlotId slot, const Node& claimant) const {
    if (!slots_.Contains(slot)) return false;
    for (const Grant& grant : grants_) {
      if (!grant.slots.Contains(slot)) continue;
      return claimant.id == grant.target || (!grant.target_shard.null() && claimant.shard_id == grant.target_shard);
    }
    return false;
  }
  // What is claimed of `owned`: all but what was granted.
  SharedSlots Claimed(const SharedSlots& owned) const {
    if (grants_.empty() || !owned->Intersects(slots_)) return owned;
    auto claimed = std::make_shared<slot::SlotSet>(*owned);
    *claimed -= slots_;
    return claimed;
  }

 private:
  void Collect() {
    slots_.Clear();
    for (const Grant& grant : grants_) slots_ |= grant.slots;
  }

  std::vector<Grant> grants_;
  slot::SlotSet slots_;
};

}  // namespace windlass::cluster
