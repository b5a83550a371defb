// Building the first state.
#include "node/cluster/start.h"

#include "node/cluster/cluster_identity.h"
#include "node/cluster/epochs.h"

namespace windlass::cluster {

void StartNew(Machine& m) {
  Node* me = m.nodes.Add(NodeId::MakeRandom(m.random), kFlagMyself | kFlagMaster, m.now);
  me->shard_id = NodeId::MakeRandom(m.random);
  m.probation.newcomer = true;
  m.Save();
}

namespace {

void AddFromConf(Machine& m, const NodesConf::Node& from) {
  Node* node = m.nodes.Add(from.id, from.flags, m.now);
  node->address = from.address;
  node->hostname = from.hostname;
  node->human_nodename = from.human_nodename;
  node->shard_id = from.shard_id.null() ? NodeId::MakeRandom(m.random) : from.shard_id;
  node->config_epoch = from.config_epoch;
  node->fail_from_file = node->Failed();
  if (node->Failed()) node->fail_time_ms = m.now;
  // What was waited for is waited for from now on.
  if (from.ping_sent_ms != 0) node->ping_sent_ms = m.now;
  if (from.pong_received_ms != 0) node->pong_received_ms = m.now;
}

void Relate(Machine& m, const NodesConf::Node& from) {
  Node* node = m.nodes.Find(from.id);
  Node* master = from.replica_of.null() ? nullptr : m.nodes.Find(from.replica_of);
  if (node->IsReplica() && master != nullptr && master != node) m.nodes.SetMasterOf(node, master);
  for (const slot::SlotRange& range : from.slots) {
    for (int s = range.first; s <= range.last; ++s) m.slots.Assign(static_cast<slot::SlotId>(s), node);
  }
  if (!node->IsMyself()) return;
  for (const NodesConf::OpenSlot& open : from.open_slots) {
    Node* other = m.nodes.Find(open.other);
    if (other == nullptr) continue;  // forgotten since: the slot is as good as closed
    if (open.importing) {
      m.slots.SetImporting(open.slot, other);
    } else {
      m.slots.SetMigrating(open.slot, other);
    }
  }
}

}  // namespace

void StartFrom(Machine& m, const NodesConf& conf) {
  for (const bool myself : {true, false}) {
    for (const NodesConf::Node& node : conf.nodes) {
      if (((node.flags & kFlagMyself) != 0) == myself) AddFromConf(m, node);
    }
  }
  for (const NodesConf::Node& node : conf.nodes) Relate(m, node);
  Node* me = m.myself();
  // A file in which the shard of a replica and that of its master differ was
  // written before they had agreed: the master's counts.
  for (Node* node : m.nodes.all()) {
    if (node->replica_of != nullptr) node->shard_id = node->replica_of->shard_id;
  }
  me->flags &= static_cast<uint16_t>(~(kFlagPfail | kFlagFail | kFlagNoAddress | kFlagHandshake));
  if (!me->IsMaster() && !me->IsReplica()) me->flags |= kFlagMaster;
  m.current_epoch = conf.current_epoch;
  m.last_vote_epoch = conf.last_vote_epoch;
  m.cluster_id = conf.cluster_id;
  m.current_epoch = MaxEpoch(m);
}

void ApplyOptions(Machine& m, const Options& options) {
  m.options = options;
  NameCluster(m, options.cluster_id);
  Node* me = m.myself();
  const std::string learnt = me->address.ip;
  me->address = options.announce;
  if (me->address.ip.empty()) me->address.ip = learnt;
  me->hostname = options.hostname;
  me->human_nodename = options.human_nodename;
  if (options.replica_no_failover) {
    me->flags |= kFlagNoFailover;
  } else {
    me->flags &= static_cast<uint16_t>(~kFlagNoFailover);
  }
  m.slots.Touch();
  m.SaveAndCheck();
}

void ReconcileSlotsWithData(Machine& m) {
  Node* me = m.myself();
  if (!me->IsMaster() || m.keys == nullptr) return;
  for (int s = 0; s < slot::kSlotCount; ++s) {
    const auto slot = static_cast<slot::SlotId>(s);
    Node* owner = m.slots.Owner(slot);
    if (owner == me || m.slots.ImportingFrom(slot) != nullptr || m.keys->KeysInSlot(slot) == 0) continue;
    if (owner == nullptr) {
      LogF(m, LogLevel::kWarning, "I have keys for unassigned slot %d. Taking responsibility for it.", s);
      m.slots.Assign(slot, me);
    } else {
      LogF(m, LogLevel::kWarning,
           "I have keys for slot %d, but the slot is assigned to another node. Setting it to importing state.", s);
      m.slots.SetImporting(slot, owner);
    }
    m.SaveAndCheck();
  }
}

}  // namespace windlass::cluster
