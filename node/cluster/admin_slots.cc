// Commands about slots and epochs.
#include <algorithm>
#include <string>

#include "node/cluster/admin_execute.h"
#include "node/cluster/epochs.h"
#include "node/cluster/roles.h"
#include "node/cluster/send.h"
#include "node/cluster/slot_claims.h"

namespace windlass::cluster {

namespace {

using Slots = base::Result<slot::SlotSet>;

// The set that ranges name; a slot named twice is an error.
Slots Collect(const std::vector<slot::SlotRange>& ranges) {
  slot::SlotSet set;
  for (const slot::SlotRange& range : ranges) {
    for (int s = range.first; s <= range.last; ++s) {
      const auto slot = static_cast<slot::SlotId>(s);
      if (set.Contains(slot)) return Refuse("Slot " + std::to_string(s) + " specified multiple times");
      set.Add(slot);
    }
  }
  return set;
}

// The first slot of the set that has (or has no) owner, or -1.
int FirstOwned(const Machine& m, const slot::SlotSet& set, bool owned) {
  for (int s = set.Next(0); s >= 0; s = set.Next(s + 1)) {
    if ((m.slots.Owner(static_cast<slot::SlotId>(s)) != nullptr) == owned) return s;
  }
  return -1;
}

// A tool's word that an election has overtaken: the slot was given to the master in whose place
// this node was elected, and so is its own already. To obey would leave it without an owner.
bool MeantForMe(const Machine& m, const SetSlotCommand& c, const Node& node) {
  const Node& me = *m.myself();
  return !node.IsMyself() && m.slots.Owner(c.slot) == &me && m.slots.MigratingTo(c.slot) == nullptr && OfOneShard(node, me) &&
         node.config_epoch < m.succeeded_at_epoch;
}

// A tool's word about an earlier move that a later one has overtaken: the slot has come here since, and nobody
// has opened it to leave again. To obey would leave it without an owner.
bool Overtaken(const Machine& m, const SetSlotCommand& c, const Node& node) {
  return !node.IsMyself() && m.slots.Taken(c.slot) && m.slots.MigratingTo(c.slot) == nullptr &&
         node.config_epoch < m.myself()->config_epoch;
}

void SetOwner(Machine& m, const SetSlotCommand& c, Node* node) {
  Node* me = m.myself();
  Node* former = m.slots.Owner(c.slot);
  if (m.keys->KeysInSlot(c.slot) == 0 && m.slots.MigratingTo(c.slot) != nullptr) m.slots.SetMigrating(c.slot, nullptr);
  const std::shared_ptr<const slot::SlotSet> before = me->slots;
  m.slots.Assign(c.slot, node);
  if (node != me) {
    ReportLostSlots(m, *before, false);
    // A master that has given its last slot away follows the taker.
    if (former == me && me->slot_count == 0 && m.options.allow_replica_migration) {
      LogF(m, LogLevel::kWarning,
           "Configuration change detected. Reconfiguring myself as a replica of %s (%s)",
           node->id.str().c_str(), Name(*node));
      FollowNode(m, node);
    }
    return;
  }
  if (m.slots.ImportingFrom(c.slot) == nullptr) return;
  m.slots.SetImporting(c.slot, nullptr);
  m.slots.MarkTaken(c.slot);
  if (former != me) m.slots.SetTakenFrom(c.slot, former);
  // The end of an import must win over the source's claim everywhere.
  if (BumpEpochAlone(m)) LogF(m, LogLevel::kWarning, "configEpoch updated after importing slot %d", c.slot);
  m.taken_at_epoch = me->config_epoch;
  BroadcastPong(m, false);
}

// A replica knows its master's open slots, and goes on with them when it is elected.
void Mirror(Machine& m, const SetSlotCommand& c) {
  using Kind = SetSlotCommand::Kind;
  Node* head = m.MyMaster();
  const bool names_node = c.kind != Kind::kStable && c.kind != Kind::kAllStable;
  Node* node = names_node ? NamedNode(m, c.id) : nullptr;
  if (head == nullptr || (node == nullptr && names_node)) return;
  // The stream may be behind the heartbeats: what goes to a node that was replaced since is its
  // successor's. As a replica's it would be refused to everybody.
  if (node != nullptr && node->IsReplica() && node->replica_of != nullptr) node = node->replica_of;
  Node* former = m.slots.Owner(c.slot);
  const bool imported = node == head && m.slots.ImportingFrom(c.slot) != nullptr;
  switch (c.kind) {
    case Kind::kMigrating:
      m.slots.SetTakenFrom(c.slot, nullptr);
      if (former == head) m.slots.SetMigrating(c.slot, node);
      break;
    case Kind::kImporting:
      if (former != head) m.slots.SetImporting(c.slot, node);
      break;
    case Kind::kStable:
      m.slots.Close(c.slot);
      break;
    case Kind::kNode:
      m.slots.SetMigrating(c.slot, nullptr);
      m.slots.Assign(c.slot, node);
      if (imported) m.slots.SetImporting(c.slot, nullptr);
      if (imported && former != head) m.slots.SetTakenFrom(c.slot, former);
      break;
    case Kind::kAllStable:
      m.slots.CloseAll();
      break;
  }
  m.SaveAndCheck();
}

// What its master has taken, or has seen taken from it, a replica knows before it hears the claim:
// elected at that very moment it has the one too, where its master would be left alone with it, and
// leaves the other.
Reply MirrorTaken(Machine& m, const TakeSlotsCommand& c) {
  Node* taker = m.nodes.Find(*c.taker);
  if (taker != nullptr && taker->IsReplica()) taker = taker->replica_of;  // its successor
  if (m.MyMaster() == nullptr || taker == nullptr || taker->IsReplica()) return Refuse("There is no master that could have taken slots.");
  c.slots.ForEach([&m, taker](slot::SlotId slot) {
    if (m.slots.Owner(slot) == taker) return;
    m.slots.Close(slot);
    m.slots.Assign(slot, taker);
  });
  m.SaveAndCheck();
  return std::string("OK");
}

}  // namespace

Reply Run(Machine& m, const AddSlotsCommand& c) {
  const Slots slots = Collect(c.slots);
  if (!slots.ok()) return base::Error{slots.error()};
  if (const int busy = FirstOwned(m, *slots, true); busy >= 0) {
    return Refuse("Slot " + std::to_string(busy) + " is already busy");
  }
  slots->ForEach([&m](slot::SlotId slot) {
    if (m.slots.ImportingFrom(slot) != nullptr) m.slots.SetImporting(slot, nullptr);
    m.slots.Assign(slot, m.myself());
  });
  m.SaveAndCheck();
  return std::string("OK");
}

Reply Run(Machine& m, const DelSlotsCommand& c) {
  const Slots slots = Collect(c.slots);
  if (!slots.ok()) return base::Error{slots.error()};
  if (const int free = FirstOwned(m, *slots, false); free >= 0) {
    return Refuse("Slot " + std::to_string(free) + " is already unassigned");
  }
  const std::shared_ptr<const slot::SlotSet> before = m.myself()->slots;
  slots->ForEach([&m](slot::SlotId slot) { m.slots.Unassign(slot); });
  ReportLostSlots(m, *before, false);
  m.SaveAndCheck();
  return std::string("OK");
}

Reply Run(Machine& m, const FlushSlotsCommand&) {
  if (!m.keys->DatasetEmpty()) return Refuse("DB must be empty to perform CLUSTER FLUSHSLOTS.");
  const std::shared_ptr<const slot::SlotSet> before = m.myself()->slots;
  m.slots.UnassignAll(m.myself());
  ReportLostSlots(m, *before, false);
  m.SaveAndCheck();
  return std::string("OK");
}

Reply Check(const Machine& m, const SetSlotCommand& c) {
  using Kind = SetSlotCommand::Kind;
  if (m.myself()->IsReplica()) return Refuse("Please use SETSLOT only with masters.");
  if (c.kind == Kind::kStable || c.kind == Kind::kAllStable) return std::string("OK");
  const bool mine = m.slots.Owner(c.slot) == m.myself();
  const std::string slot = std::to_string(c.slot);
  if (c.kind == Kind::kMigrating && !mine) return Refuse("I'm not the owner of hash slot " + slot);
  if (c.kind == Kind::kImporting && mine) return Refuse("I'm already the owner of hash slot " + slot);
  const Node* node = NamedNode(m, c.id);
  if (node == nullptr) return Refuse((c.kind == Kind::kNode ? "Unknown node " : "I don't know about node ") + c.id);
  if (node->IsReplica()) return Refuse("Target node is not a master");
  if (c.kind == Kind::kNode && mine && node != m.myself() && m.keys->KeysInSlot(c.slot) != 0) {
    return Refuse("Can't assign hashslot " + slot + " to a different node while I still hold keys for this hash slot.");
  }
  if (c.kind == Kind::kNode && mine && Overtaken(m, c, *node)) {
    return Refuse("I took hash slot " + slot + " at a higher epoch than that node's: to give it away, set it MIGRATING first");
  }
  return std::string("OK");
}

Reply Run(Machine& m, const SetSlotCommand& c) {
  using Kind = SetSlotCommand::Kind;
  if (c.from_master) {
    Mirror(m, c);
    return std::string("OK");
  }
  Reply checked = Check(m, c);
  if (!checked.ok()) return checked;
  switch (c.kind) {
    case Kind::kMigrating:
      m.slots.SetTakenFrom(c.slot, nullptr);  // where it goes now may be where it came from
      m.slots.SetMigrating(c.slot, NamedNode(m, c.id));
      break;
    case Kind::kImporting:
      m.slots.SetImporting(c.slot, NamedNode(m, c.id));
      break;
    case Kind::kStable:
      m.slots.Close(c.slot);
      break;
    case Kind::kNode:
      if (MeantForMe(m, c, *NamedNode(m, c.id))) return checked;
      SetOwner(m, c, NamedNode(m, c.id));
      break;
    case Kind::kAllStable:
      break;  // nobody asks a master for that
  }
  m.SaveAndCheck();
  return checked;
}

Reply Run(Machine& m, const TakeSlotsCommand& c) {
  Node* me = m.myself();
  if (c.taker) return MirrorTaken(m, c);
  if (me->IsReplica()) return Refuse("Only a master can take slots.");
  c.slots.ForEach([&m, me](slot::SlotId slot) {
    m.slots.Close(slot);
    m.slots.Assign(slot, me);
    m.slots.MarkTaken(slot);
  });
  m.grants.Remove(c.slots);
  // Always a new one: an epoch this node had before may be known for less.
  m.current_epoch = std::max(MaxEpoch(m), c.above_epoch) + 1;
  me->config_epoch = m.current_epoch;
  m.taken_at_epoch = me->config_epoch;
  LogF(m, LogLevel::kNotice, "configEpoch set to %llu with %d slots taken", static_cast<unsigned long long>(me->config_epoch),
       c.slots.size());
  m.SaveCritical();
  m.update_health = true;
  BroadcastPong(m, false);
  return std::string("OK");
}

Reply Run(Machine& m, const BumpEpochCommand&) {
  const bool bumped = BumpEpochAlone(m);
  return std::string(bumped ? "BUMPED " : "STILL ") + std::to_string(m.myself()->config_epoch);
}

Reply Run(Machine& m, const SetConfigEpochCommand& c) {
  if (c.epoch < 0 || c.epoch > static_cast<int64_t>(kMaxEpoch)) return Refuse("Invalid config epoch specified: " + std::to_string(c.epoch));
  if (m.nodes.size() > 1) {
    return Refuse("The user can assign a config epoch only when the node does not know any other node.");
  }
  if (m.myself()->config_epoch != 0) return Refuse("Node config epoch is already non-zero");
  m.myself()->config_epoch = static_cast<uint64_t>(c.epoch);
  LogF(m, LogLevel::kWarning, "configEpoch set to %llu via CLUSTER SET-CONFIG-EPOCH",
       static_cast<unsigned long long>(c.epoch));
  if (m.current_epoch < m.myself()->config_epoch) m.current_epoch = m.myself()->config_epoch;
  m.SaveCritical();
  m.update_health = true;
  return std::string("OK");
}

Reply Run(Machine& m, const SaveConfigCommand&) {
  m.Save();
  return std::string("OK");
}

}  // namespace windlass::cluster
