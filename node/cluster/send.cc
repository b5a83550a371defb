// Messages and links.
#include "node/cluster/send.h"

#include <utility>

#include "node/cluster/gossip.h"
#include "node/cluster/takeover_rule.h"

namespace windlass::cluster {

namespace {

// While silent (see probation.h) only votes are given: anything else would tell
// others that this master is alive.
bool Muted(const Machine& m, MessageType type) {
  return m.probation.silent && type != MessageType::kFailoverAuthAck;
}

void Put(Machine& m, LinkId link, MessagePtr message) {
  ++m.sent[static_cast<size_t>(message->type)];
  m.out.Push(Send{link, std::move(message)});
}

MessagePtr MakeHeartbeat(Machine& m, MessageType type, const Node* to) {
  auto message = NewMessage(m, type);
  message->header.mflags |= kMessageExtData;
  message->body = BuildHeartbeat(m, to);
  return message;
}

}  // namespace

std::shared_ptr<Message> NewMessage(Machine& m, MessageType type) {
  auto message = std::make_shared<Message>();
  message->type = type;
  Header& header = message->header;
  const Node* me = m.myself();
  const Node* spokesman = m.Spokesman();
  header.sender = me->id;
  header.current_epoch = m.current_epoch;
  header.config_epoch = spokesman->config_epoch;
  header.replication_offset = static_cast<uint64_t>(m.facts.my_offset);
  header.slots = m.grants.Claimed(spokesman->slots);
  if (me->IsReplica() && me->replica_of != nullptr) header.replica_of = me->replica_of->id;
  header.address = me->address;
  header.address.ip = m.options.announce.ip;
  header.flags = me->flags;
  header.cluster_id = m.cluster_id;
  header.cluster_ok = m.health.ok;
  if (me->IsMaster() && m.manual.paused_offset >= 0) header.mflags |= kMessagePaused;
  if (OffsetIsFinal(m)) header.final_in_history = m.facts.history;
  return message;
}

void SendTo(Machine& m, const Node* node, MessagePtr message) {
  if (!node->outbound_up || Muted(m, message->type)) return;
  Put(m, LinkId{false, node->outbound}, std::move(message));
}

void SendOn(Machine& m, LinkId link, MessagePtr message) {
  if (Muted(m, message->type)) return;
  Put(m, link, std::move(message));
}

void Broadcast(Machine& m, const MessagePtr& message) {
  for (const Node* node : m.nodes.all()) {
    if (!node->IsMyself() && !node->InHandshake()) SendTo(m, node, message);
  }
}

void SendPing(Machine& m, Node* node, MessageType type) {
  if (!node->outbound_up || Muted(m, type)) return;
  node->ping_sent_ms = m.now;
  if (type == MessageType::kMeet) node->meet_sent_ms = m.now;
  SendTo(m, node, MakeHeartbeat(m, type, node));
}

void SendPong(Machine& m, LinkId link, Node* to) {
  if (Muted(m, MessageType::kPong)) return;
  SendOn(m, link, MakeHeartbeat(m, MessageType::kPong, to));
}

void BroadcastPong(Machine& m, bool only_my_shard) {
  if (Muted(m, MessageType::kPong)) return;
  const Node* me = m.myself();
  const Node* head = m.Spokesman();
  for (Node* node : m.nodes.all()) {
    if (node->IsMyself() || node->InHandshake() || !node->outbound_up) continue;
    if (only_my_shard) {
      const bool sibling = node->IsReplica() && node->replica_of != nullptr &&
                           (node->replica_of == me || node->replica_of == head);
      if (!sibling) continue;
    }
    SendTo(m, node, MakeHeartbeat(m, MessageType::kPong, node));
  }
}

void BroadcastFail(Machine& m, const Node& node) {
  auto message = NewMessage(m, MessageType::kFail);
  message->body = Fail{node.id};
  Broadcast(m, message);
}

void SendUpdate(Machine& m, const Node* to, const Node& about) {
  auto message = NewMessage(m, MessageType::kUpdate);
  Update update;
  update.about = about.id;
  update.config_epoch = about.config_epoch;
  update.slots = about.slots;
  if (about.slots->Intersects(m.slots.not_claimed())) {
    // What it stopped claiming is not ours to vouch for.
    auto vouched = std::make_shared<slot::SlotSet>(*about.slots);
    *vouched -= m.slots.not_claimed();
    update.slots = std::move(vouched);
  }
  message->body = std::move(update);
  SendTo(m, to, message);
}

void OpenLink(Machine& m, Node* node) {
  node->outbound = m.next_link++;
  node->outbound_up = false;
  node->outbound_created_ms = m.now;
  m.outbound[node->outbound] = node;
  m.out.Push(Connect{LinkId{false, node->outbound}, node->address.ip, node->address.bus_port});
}

void CloseOutbound(Machine& m, Node* node) {
  if (node->outbound == 0) return;
  m.out.Push(Disconnect{LinkId{false, node->outbound}});
  m.outbound.erase(node->outbound);
  node->outbound = 0;
  node->outbound_up = false;
}

void CloseInbound(Machine& m, Node* node) {
  if (node->inbound == 0) return;
  m.out.Push(Disconnect{LinkId{true, node->inbound}});
  m.inbound.erase(node->inbound);
  node->inbound = 0;
  node->inbound_lost_ms = m.now;
}

void CloseLinks(Machine& m, Node* node) {
  CloseOutbound(m, node);
  CloseInbound(m, node);
}

}  // namespace windlass::cluster
