// See unheard_master.h.
#include "node/cluster/unheard_master.h"

namespace windlass::cluster {

namespace {

slot::SlotSet OrphansOf(const Machine& m, const slot::SlotSet& claimed) {
  slot::SlotSet orphans;
  claimed.ForEach([&](slot::SlotId slot) {
    if (m.slots.Owner(slot) == nullptr && m.slots.ImportingFrom(slot) == nullptr) orphans.Add(slot);
  });
  return orphans;
}

}  // namespace

void LearnMasterOf(Machine& m, const Node& sender, const Header& header) {
  const NodeId& id = header.replica_of;
  if (id.null() || m.nodes.Find(id) != nullptr || m.blacklist.Banned(id, m.now)) return;
  if (m.now - sender.created_ms <= m.options.node_timeout_ms) return;
  const slot::SlotSet orphans = OrphansOf(m, *header.slots);
  if (orphans.empty()) return;
  Node* master = m.nodes.Add(id, kFlagMaster | kFlagNoAddress, m.now);
  master->shard_id = sender.shard_id;
  master->config_epoch = header.config_epoch;
  master->told = true;
  master->ping_sent_ms = m.now;
  orphans.ForEach([&](slot::SlotId slot) { m.slots.Assign(slot, master); });
  LogF(m, LogLevel::kNotice, "Replica %s (%s) follows %s, which nobody has told of: waiting for it, as the owner of %d slots.",
       sender.id.str().c_str(), Name(sender), id.str().c_str(), master->slot_count);
  m.slots.Touch();
  m.SaveAndCheck();
}

}  // namespace windlass::cluster
