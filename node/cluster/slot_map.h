// Who owns each slot, and which slots are on their way.
#pragma once

#include <array>
#include <map>

#include "node/cluster/node_table.h"
#include "node/cluster/route.h"
#include "node/slot/slot_set.h"

namespace windlass::cluster {

class SlotMap {
 public:
  explicit SlotMap(const NodeTable* nodes) : nodes_(nodes) { owner_.fill(kNoNode); }

  Node* Owner(slot::SlotId slot) const {
    return owner_[slot] == kNoNode ? nullptr : nodes_->At(owner_[slot]);
  }
  // Unowned, or recorded for an owner that no longer claims it: free to be
  // bound, and not to be vouched for.
  bool Unclaimed(slot::SlotId slot) const {
    return owner_[slot] == kNoNode || not_claimed_.Contains(slot);
  }
  void Assign(slot::SlotId slot, Node* owner);
  void Unassign(slot::SlotId slot);
  void UnassignAll(Node* owner);
  void MarkNotClaimed(slot::SlotId slot) { not_claimed_.Add(slot); }
  void MarkClaimed(slot::SlotId slot) { not_claimed_.Remove(slot); }
  const slot::SlotSet& not_claimed() const { return not_claimed_; }
  int assigned() const { return assigned_; }

  // Slots on their way, by slot. Their nodes are cleared when those are removed.
  const std::map<slot::SlotId, Node*>& migrating() const { return migrating_; }
  const std::map<slot::SlotId, Node*>& importing() const { return importing_; }
  Node* MigratingTo(slot::SlotId slot) const { return Find(migrating_, slot); }
  Node* ImportingFrom(slot::SlotId slot) const { return Find(importing_, slot); }
  // nullptr: no longer.
  void SetMigrating(slot::SlotId slot, Node* to) { SetOpen(&migrating_, slot, to); }
  void SetImporting(slot::SlotId slot, Node* from) { SetOpen(&importing_, slot, from); }
  // The owner of before, of a slot of mine whose import has ended, until it is heard
  // without it: what it claims meanwhile, it claims because it has not been told yet.
  Node* TakenFrom(slot::SlotId slot) const { return Find(taken_from_, slot); }
  void SetTakenFrom(slot::SlotId slot, Node* former);  // nullptr: no longer
  // Of a slot of mine: it came by a move that ended here, since this start.
  void MarkTaken(slot::SlotId slot) { taken_.Add(slot); }
  bool Taken(slot::SlotId slot) const { return taken_.Contains(slot); }
  // `node`, a master, has been heard to claim `claimed` and nothing else.
  void NoteHeardWithout(const Node* node, const slot::SlotSet& claimed);
  void Close(slot::SlotId slot) {
    SetMigrating(slot, nullptr);
    SetImporting(slot, nullptr);
  }
  void CloseAll();
  // Every mention of `node` as the other end becomes one of `now` (nullptr: none).
  void ReplaceOtherEnd(const Node* node, Node* now);

  Route RouteOf(slot::SlotId slot, const Node* my_master) const {
    const NodeIndex owner = owner_[slot];
    if (owner == kMyself && !open_.Contains(slot)) return {RouteKind::kOwn, kMyself, kNoNode};
    return SlowRoute(slot, my_master);
  }
  uint64_t version() const { return version_; }
  void Touch() { ++version_; }

  // True if the claim differs from what the table says of `owner`.
  static bool ClaimDiffers(Node* owner, const SharedSlots& claim);

 private:
  static Node* Find(const std::map<slot::SlotId, Node*>& open, slot::SlotId slot) {
    const auto it = open.find(slot);
    return it == open.end() ? nullptr : it->second;
  }
  void SetOpen(std::map<slot::SlotId, Node*>* open, slot::SlotId slot, Node* other);
  Route SlowRoute(slot::SlotId slot, const Node* my_master) const;

  const NodeTable* nodes_;
  std::array<NodeIndex, slot::kSlotCount> owner_;
  slot::SlotSet not_claimed_;
  slot::SlotSet open_;   // migrating or importing
  slot::SlotSet taken_;
  std::map<slot::SlotId, Node*> migrating_;
  std::map<slot::SlotId, Node*> importing_;
  std::map<slot::SlotId, Node*> taken_from_;
  int assigned_ = 0;
  uint64_t version_ = 1;
};

}  // namespace windlass::cluster
