// Empties slots that are not this node's any more, in steps between other work:
// what moved away, and what came by an import that failed. Their keys are hidden
// from the first moment, and go to the log as UNLINK, which any replica knows.
//
// Loop thread. On a replica it does nothing: its master's log empties the slots.
#pragma once

#include <cstdint>

#include "node/commands/ports.h"
#include "node/slot/slot_set.h"

namespace windlass::server {

class SlotCleaner {
 public:
  explicit SlotCleaner(commands::Node* node) : node_(node) {}

  void Add(const slot::SlotSet& slots);
  // Works for about `budget_us`; true if more is left.
  bool Step(int64_t budget_us);
  // Empties these at once: they are about to be used again.
  void FinishNow(const slot::SlotSet& slots);
  // Forgets all, without touching a key.
  void Clear();
  const slot::SlotSet& pending() const { return pending_; }

 private:
  void UnlinkSome(slot::SlotId slot);
  void Done(slot::SlotId slot);

  commands::Node* node_;
  slot::SlotSet pending_;
};

}  // namespace windlass::server
