// Changes of role.
#include "node/cluster/roles.h"

#include "node/cluster/manual_failover.h"
#include "node/cluster/send.h"

namespace windlass::cluster {

void MakeMaster(Machine& m, Node* node) {
  if (node->IsMaster()) return;
  m.nodes.SetMasterOf(node, nullptr);
  node->flags &= static_cast<uint16_t>(~kFlagReplica);
  node->flags |= kFlagMaster;
  if (!node->IsMyself()) node->flags |= kFlagMigrateTo;
  m.slots.Touch();
  m.SaveAndCheck();
}

void MakeReplica(Machine& m, Node* node, Node* master) {
  if (node->IsMaster()) {
    if (node->slot_count > 0) {
      LogF(m, LogLevel::kNotice,
           "Node %s (%s) is now a replica, removed all %d slot(s) it used to own.",
           node->id.str().c_str(), Name(*node), node->slot_count);
    }
    m.slots.UnassignAll(node);
    node->flags &= static_cast<uint16_t>(~(kFlagMaster | kFlagMigrateTo));
    node->flags |= kFlagReplica;
    node->voted_time_ms = 0;  // that election is over; should it be master again and fail, a new one is due
    // Its successor goes on with the slots that were on their way to or from it.
    if (master != nullptr && !master->IsMyself()) m.slots.ReplaceOtherEnd(node, master);
    // It has heard of its successor, if that is me; from here on it may be elected in my place.
    if (node->successor == m.myself()->id) node->successor = NodeId();
    m.SaveAndCheck();
  }
  if (master != nullptr && node->replica_of != master && master != node) {
    m.nodes.SetMasterOf(node, master);
    SetShard(m, node, master->shard_id);
    m.slots.Touch();
    m.SaveAndCheck();
  }
}

void FollowNode(Machine& m, Node* master) {
  Node* me = m.myself();
  if (me->IsMaster()) {
    me->flags &= static_cast<uint16_t>(~(kFlagMaster | kFlagMigrateTo));
    me->flags |= kFlagReplica;
    m.slots.CloseAll();
  } else if (!(me->shard_id == master->shard_id)) {
    m.slots.CloseAll();  // they were the master's of before
  }
  m.nodes.SetMasterOf(me, master);
  SetShard(m, me, master->shard_id);
  // What we have is of another history until the driver says otherwise.
  m.facts = ReplicationFacts{};
  m.election = Election{};
  m.hold.chose_master = true;
  ResetManualFailover(m);
  m.slots.Touch();
  m.SaveAndCheck();
  // At once: until the others know of the new role, the master gives no failover to this
  // node and nobody votes for it, while clients may be held up for that.
  BroadcastPong(m, false);
}

void LeaveChain(Machine& m) {
  Node* mine = m.MyMaster();
  if (mine == nullptr || mine->replica_of == nullptr || mine->replica_of->IsMyself()) return;
  LogF(m, LogLevel::kWarning, "I'm a sub-replica! Reconfiguring myself from %s to %s",
       mine->id.str().c_str(), mine->replica_of->id.str().c_str());
  FollowNode(m, mine->replica_of);
}

void SetShard(Machine& m, Node* node, const NodeId& shard) {
  if (shard.null() || node->shard_id == shard) return;
  node->shard_id = shard;
  node->shard_since_ms = m.now;
  m.Save();
  // Our own follows our master's.
  if (m.myself() != node && m.MyMaster() == node) m.myself()->shard_id = shard;
}

}  // namespace windlass::cluster
