// Rules 1 and 2 of the slot table, and what follows from losing slots.
#include "node/cluster/slot_claims.h"

#include "node/cluster/epochs.h"
#include "node/cluster/roles.h"
#include "node/cluster/send.h"

namespace windlass::cluster {

namespace {

// A slot on its way here changes hands by SETSLOT alone. But when its source was
// replaced by another node, the import goes on from that one.
void RebindImporting(Machine& m, slot::SlotId slot, Node* claimant, uint64_t epoch) {
  Node* owner = m.slots.Owner(slot);
  if (owner != nullptr && (owner->IsMyself() || owner->config_epoch >= epoch)) return;
  // Nobody's, when the source has been heard to be a replica before its successor was heard.
  if (owner == nullptr || m.slots.ImportingFrom(slot) == owner) m.slots.SetImporting(slot, claimant);
  m.slots.Assign(slot, claimant);
  m.SaveAndCheck();
}

// Who takes a slot from a master of its own shard has been elected in its place: what the
// master had is the successor's. What it does not claim of it was granted to another shard.
// The master itself and its replicas know whether it was: if not, a single slot has been
// moved to a node that was reset and kept the shard's id, as Redis 7.2 lets it. To others
// the owner of the rest claims it again.
void InheritRest(Machine& m, Node* replaced, Node* successor) {
  const std::shared_ptr<const slot::SlotSet> rest = replaced->slots;
  if (replaced == m.Spokesman()) {
    slot::SlotSet kept = *rest;
    kept -= m.grants.slots();
    if (!kept.empty()) return;
  }
  rest->ForEach([&](slot::SlotId slot) { m.slots.Assign(slot, successor); });
  replaced->successor = successor->id;
}

// Of a slot that was imported here, or by this node's master: its source, or whoever stands for the source, has
// not been told yet. A source may give itself a new epoch, for slots it takes by a move
// of its own, just before it is told; to believe it would be to delete the slot's keys,
// which it has not got any more.
bool NotYetTold(const Machine& m, slot::SlotId slot, const Node& claimant) {
  const Node* former = m.slots.TakenFrom(slot);
  return former != nullptr && m.slots.Owner(slot) == m.Spokesman() && OfOneShard(*former, claimant) &&
         !OfOneShard(*former, *m.myself());
}

// Above the claim that was not believed, so that the others believe us.
void ClaimAnew(Machine& m, const Node& claimant) {
  if (!m.myself()->IsMaster() || !BumpEpochAlone(m)) return;
  m.taken_at_epoch = m.myself()->config_epoch;
  LogF(m, LogLevel::kWarning, "%s (%s) still claims slots that were imported from it: configEpoch set to %llu",
       claimant.id.str().c_str(), Name(claimant), static_cast<unsigned long long>(m.myself()->config_epoch));
  BroadcastPong(m, false);
}

// Elected in this master's place. It is not followed at once while this master still has
// slots that were taken by others since. It may have none left: then it is known by its epoch.
Node* SuccessorOf(const Machine& m, const Node& master) {
  Node* successor = nullptr;
  for (Node* node : m.nodes.all()) {
    const bool of_shard = node != &master && node->IsMaster() && !node->InHandshake() && OfOneShard(*node, master);
    if (!of_shard || node->config_epoch <= master.config_epoch) continue;
    if (successor == nullptr || successor->slot_count == 0) successor = node;
  }
  return successor;
}

// Slots the claimant owns in our table and does not claim any more.
void NoteUnclaimed(Machine& m, Node* claimant, const slot::SlotSet& claimed) {
  slot::SlotSet dropped = *claimant->slots;
  dropped -= claimed;
  dropped.ForEach([&m](slot::SlotId slot) { m.slots.MarkNotClaimed(slot); });
}

}  // namespace

void ReportLostSlots(Machine& m, const slot::SlotSet& before, bool delete_keys) {
  auto lost = std::make_shared<slot::SlotSet>(before);
  *lost -= *m.myself()->slots;
  if (!lost->empty()) m.out.Push(SlotsLost{std::move(lost), delete_keys});
}

void ApplyClaim(Machine& m, Node* claimant, uint64_t epoch, const SharedSlots& claimed) {
  if (claimant->IsMyself()) return;
  Node* head = m.Spokesman();  // me, or the master I replicate
  const std::shared_ptr<const slot::SlotSet> mine = m.myself()->slots;
  int taken_from_head = 0;
  int claims = 0;
  bool not_told = false;
  Node* replaced = nullptr;
  claimed->ForEach([&](slot::SlotId slot) {
    ++claims;
    Node* owner = m.slots.Owner(slot);
    if (owner == claimant) {
      m.slots.MarkClaimed(slot);
      return;
    }
    if (claimant == head) m.slots.SetImporting(slot, nullptr);  // its word for the end did not reach this replica
    if (m.slots.ImportingFrom(slot) != nullptr) {
      RebindImporting(m, slot, claimant, epoch);
      return;
    }
    const bool granted = m.grants.Allows(slot, *claimant);
    if (!granted && !m.slots.Unclaimed(slot) && owner->config_epoch >= epoch) return;
    if (!granted && NotYetTold(m, slot, *claimant)) {
      not_told = true;
      return;
    }
    m.grants.Remove(slot);
    // Candidates of other masters may have waited for this one's election.
    m.check_election = m.check_election || (owner != nullptr && owner->Failed());
    if (owner == head) ++taken_from_head;
    const bool elected = owner != nullptr && !owner->shard_id.null() && owner->shard_id == claimant->shard_id && epoch > owner->config_epoch;
    if (!granted && elected) replaced = owner;
    if (m.slots.MigratingTo(slot) == claimant) m.slots.SetMigrating(slot, nullptr);
    m.slots.Assign(slot, claimant);
    claimant->successor = NodeId();
    m.SaveAndCheck();
  });
  if (replaced != nullptr) InheritRest(m, replaced, claimant);
  NoteUnclaimed(m, claimant, *claimed);
  if (not_told) ClaimAnew(m, *claimant);

  const bool lost_all = taken_from_head > 0 && head->slot_count == 0;
  // A master whose every slot went to one node in one step, and who took nothing
  // else, was replaced by its replica, whatever the setting.
  if (lost_all && (m.options.allow_replica_migration || claims == taken_from_head ||
                   claimant->shard_id == m.myself()->shard_id)) {
    LogF(m, LogLevel::kWarning,
         "Configuration change detected. Reconfiguring myself as a replica of %s (%s)",
         claimant->id.str().c_str(), Name(*claimant));
    ReportLostSlots(m, *mine, false);
    FollowNode(m, claimant);
    return;
  }
  m.left_empty = m.left_empty || (lost_all && head == m.myself());
  const bool follows = FollowSuccessor(m);
  ReportLostSlots(m, *mine, !follows);
}

bool FollowSuccessor(Machine& m) {
  const Node& me = *m.myself();
  m.left_empty = m.left_empty && me.IsMaster() && me.slot_count == 0;
  Node* successor = m.left_empty ? SuccessorOf(m, me) : nullptr;
  if (successor == nullptr) return false;
  LogF(m, LogLevel::kWarning, "The last of my slots are gone. Reconfiguring myself as a replica of %s (%s), which was elected in my place",
       successor->id.str().c_str(), Name(*successor));
  FollowNode(m, successor);
  return true;
}

void CorrectStaleClaim(Machine& m, Node* sender, Node* owner, const Header& header) {
  slot::SlotSet disputed = *header.slots;
  disputed -= *owner->slots;
  disputed -= m.grants.slots();
  const Node* newer = nullptr;
  // A replica that knows too little of its master could not stand for it.
  if (sender != owner && owner->config_epoch > header.config_epoch) newer = owner;
  for (int s = disputed.Next(0); s >= 0 && newer == nullptr; s = disputed.Next(s + 1)) {
    const auto slot = static_cast<slot::SlotId>(s);
    Node* known = m.slots.Owner(slot);
    if (known == nullptr || known == sender || m.slots.Unclaimed(slot)) continue;
    if (known->config_epoch > header.config_epoch) newer = known;
  }
  if (newer == nullptr) return;
  LogF(m, LogLevel::kVerbose, "Node %s has old slots configuration, sending an UPDATE message about %s",
       sender->id.str().c_str(), newer->id.str().c_str());
  SendUpdate(m, sender, *newer);
}

}  // namespace windlass::cluster
