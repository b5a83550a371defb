// Binding slots to owners, and the routes that follow.
#include "node/cluster/slot_map.h"

namespace windlass::cluster {

namespace {
slot::SlotSet* MutableSlots(Node* node) {
  if (node->slots.use_count() > 1) node->slots = std::make_shared<slot::SlotSet>(*node->slots);
  ++node->slots_version;
  return node->slots.get();
}
}  // namespace

void SlotMap::Assign(slot::SlotId slot, Node* owner) {
  if (owner_[slot] != kNoNode) Unassign(slot);
  owner_[slot] = owner->index;
  taken_from_.erase(slot);
  taken_.Remove(slot);
  not_claimed_.Remove(slot);
  MutableSlots(owner)->Add(slot);
  ++owner->slot_count;
  ++assigned_;
  ++version_;
}

void SlotMap::Unassign(slot::SlotId slot) {
  Node* owner = Owner(slot);
  if (owner == nullptr) return;
  MutableSlots(owner)->Remove(slot);
  --owner->slot_count;
  owner_[slot] = kNoNode;
  taken_from_.erase(slot);
  taken_.Remove(slot);
  not_claimed_.Remove(slot);
  --assigned_;
  ++version_;
}

void SlotMap::UnassignAll(Node* owner) {
  const std::shared_ptr<slot::SlotSet> slots = owner->slots;
  slots->ForEach([this](slot::SlotId slot) { Unassign(slot); });
}

void SlotMap::SetOpen(std::map<slot::SlotId, Node*>* open, slot::SlotId slot, Node* other) {
  if (other == nullptr) {
    open->erase(slot);
  } else {
    (*open)[slot] = other;
  }
  if (migrating_.count(slot) != 0 || importing_.count(slot) != 0) {
    open_.Add(slot);
  } else {
    open_.Remove(slot);
  }
  ++version_;
}

void SlotMap::SetTakenFrom(slot::SlotId slot, Node* former) {
  if (former == nullptr) {
    taken_from_.erase(slot);
  } else {
    taken_from_[slot] = former;
  }
}

void SlotMap::NoteHeardWithout(const Node* node, const slot::SlotSet& claimed) {
  for (auto it = taken_from_.begin(); it != taken_from_.end();) {
    it = OfOneShard(*it->second, *node) && !claimed.Contains(it->first) ? taken_from_.erase(it) : std::next(it);
  }
}

void SlotMap::CloseAll() {
  migrating_.clear();
  importing_.clear();
  taken_from_.clear();
  open_.Clear();
  ++version_;
}

void SlotMap::ReplaceOtherEnd(const Node* node, Node* now) {
  const auto mentions = [node](const std::map<slot::SlotId, Node*>& open) {
    std::vector<slot::SlotId> found;
    for (const auto& entry : open) {
      if (entry.second == node) found.push_back(entry.first);
    }
    return found;
  };
  for (auto* open : {&migrating_, &importing_}) {
    for (const slot::SlotId slot : mentions(*open)) SetOpen(open, slot, now);
  }
  for (const slot::SlotId slot : mentions(taken_from_)) SetTakenFrom(slot, now);
}

Route SlotMap::SlowRoute(slot::SlotId slot, const Node* my_master) const {
  const NodeIndex owner = owner_[slot];
  if (owner == kNoNode) {
    const Node* from = ImportingFrom(slot);
    return {RouteKind::kUnassigned, kNoNode, from == nullptr ? kNoNode : from->index};
  }
  if (owner == kMyself) {
    const Node* to = MigratingTo(slot);
    if (to != nullptr) return {RouteKind::kMigrating, kMyself, to->index};
    return {RouteKind::kOwn, kMyself, kNoNode};
  }
  if (my_master != nullptr) {
    if (owner != my_master->index) return {RouteKind::kMoved, owner, kNoNode};
    const Node* to = MigratingTo(slot);
    return {RouteKind::kMyMasters, owner, to == nullptr ? kNoNode : to->index};
  }
  if (const Node* from = ImportingFrom(slot); from != nullptr) {
    return {RouteKind::kImporting, owner, from->index};
  }
  return {RouteKind::kMoved, owner, kNoNode};
}

bool SlotMap::ClaimDiffers(Node* owner, const SharedSlots& claim) {
  if (claim == owner->equal_claim && owner->claim_version == owner->slots_version) return false;
  if (!(*claim == *owner->slots)) return true;
  owner->equal_claim = claim;
  owner->claim_version = owner->slots_version;
  return false;
}

}  // namespace windlass::cluster
