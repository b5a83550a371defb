// MEET, FORGET, REPLICATE, RESET, FAILOVER, publishing: commands about nodes.
#include <algorithm>

#include "node/cluster/admin_execute.h"
#include "node/cluster/heartbeat.h"
#include "node/cluster/manual_failover.h"
#include "node/cluster/probation.h"
#include "node/cluster/roles.h"
#include "node/cluster/send.h"

namespace windlass::cluster {

namespace {

constexpr int kBusPortOffset = 10000;

bool IsIpV4(const std::string& ip) {
  int parts = 1;
  int digits = 0;
  int value = 0;
  for (const char c : ip) {
    if (c == '.') {
      if (digits == 0) return false;
      ++parts;
      digits = value = 0;
    } else if (c >= '0' && c <= '9') {
      value = value * 10 + (c - '0');
      if (++digits > 3 || value > 255) return false;
    } else {
      return false;
    }
  }
  return parts == 4 && digits > 0;
}

// Enough to tell an address from a name; connecting proves the rest.
bool LooksLikeIp(const std::string& ip) {
  if (IsIpV4(ip)) return true;
  return std::count(ip.begin(), ip.end(), ':') >= 2 &&
         ip.find_first_not_of("0123456789abcdefABCDEF:.") == std::string::npos;
}

}  // namespace

Node* NamedNode(const Machine& m, std::string_view id) {
  const auto parsed = NodeId::Parse(id);
  Node* node = parsed ? m.nodes.Find(*parsed) : nullptr;
  return node == nullptr || node->InHandshake() ? nullptr : node;
}

Reply Run(Machine& m, const MeetCommand& c) {
  const int64_t bus = c.bus_port.value_or(c.port + kBusPortOffset);
  if (!LooksLikeIp(c.ip) || c.port <= 0 || c.port > 65535 || bus <= 0 || bus > 65535) {
    return Refuse("Invalid node address specified: " + c.ip + ":" + std::to_string(c.port));
  }
  StartHandshake(m, Address{c.ip, static_cast<uint16_t>(c.port), static_cast<uint16_t>(bus), 0});
  return std::string("OK");
}

Reply Run(Machine& m, const ForgetCommand& c) {
  Node* node = NamedNode(m, c.id);
  if (node == nullptr) {
    // A tool that goes from node to node may be overtaken by the gossip of its first FORGET.
    const auto id = NodeId::Parse(c.id);
    if (id && m.blacklist.Banned(*id, m.now)) return std::string("OK");
    return Refuse("Unknown node " + c.id);
  }
  if (node->IsMyself()) return Refuse("I tried hard but I can't forget myself...");
  if (node == m.MyMaster()) return Refuse("Can't forget my master!");
  m.blacklist.Ban(node->id, m.now + m.options.blacklist_ttl_ms);
  DropNode(m, node);
  ReviewProbation(m);
  return std::string("OK");
}

Reply Run(Machine& m, const ReplicateCommand& c) {
  Node* node = NamedNode(m, c.id);
  if (node == nullptr) return Refuse("Unknown node " + c.id);
  if (node->IsMyself()) return Refuse("Can't replicate myself");
  if (node->IsReplica()) return Refuse("I can only replicate a master, not a replica.");
  if (m.myself()->IsMaster() && (m.myself()->slot_count > 0 || !m.keys->DatasetEmpty())) {
    return Refuse("To set a master the node must be empty and without assigned slots.");
  }
  if (m.MyMaster() != node) FollowNode(m, node);
  return std::string("OK");
}

Reply Run(Machine& m, const ResetCommand& c) {
  Node* me = m.myself();
  if (me->IsMaster() && !m.keys->DatasetEmpty()) {
    return Refuse("CLUSTER RESET can't be called with master nodes containing keys");
  }
  const std::shared_ptr<const slot::SlotSet> owned = me->slots;
  if (me->IsReplica()) {
    MakeMaster(m, me);
    m.out.Push(FlushData{});
  }
  m.slots.CloseAll();
  ResetManualFailover(m);
  m.election = Election{};
  const std::vector<Node*> nodes = m.nodes.all();
  for (Node* node : nodes) m.slots.UnassignAll(node);
  for (Node* node : nodes) {
    if (!node->IsMyself()) DropNode(m, node);
  }
  if (!owned->empty()) m.out.Push(SlotsLost{owned, false});
  if (c.hard) {
    m.current_epoch = m.last_vote_epoch = me->config_epoch = m.taken_at_epoch = m.succeeded_at_epoch = 0;
    const NodeId old = me->id;
    m.nodes.Rename(me, NodeId::MakeRandom(m.random));
    LogF(m, LogLevel::kNotice, "Node hard reset, now I'm %s (was %s)", me->id.str().c_str(),
         old.str().c_str());
  }
  me->shard_id = NodeId::MakeRandom(m.random);
  m.cluster_id = m.options.cluster_id;
  m.probation = Probation{};
  m.SaveAndCheck();
  return std::string("OK");
}

Reply Run(Machine& m, const FailoverCommand& c) { return StartManualFailover(m, c.kind); }

Reply Run(Machine& m, const BroadcastPublish& c) {
  auto message =
      NewMessage(m, c.sharded ? MessageType::kPublishShard : MessageType::kPublish);
  message->body = Publish{c.channel, c.message};
  if (!c.sharded) {
    Broadcast(m, message);
    return std::string("OK");
  }
  const Node* head = m.Spokesman();
  if (!head->IsMyself()) SendTo(m, head, message);
  for (const Node* replica : head->replicas) {
    if (!replica->IsMyself()) SendTo(m, replica, message);
  }
  return std::string("OK");
}

}  // namespace windlass::cluster
