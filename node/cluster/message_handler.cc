// Dispatch of messages, and the life of links.
#include "node/cluster/message_handler.h"

#include "node/cluster/cluster_identity.h"
#include "node/cluster/election.h"
#include "node/cluster/failure_detector.h"
#include "node/cluster/heartbeat.h"
#include "node/cluster/introduction.h"
#include "node/cluster/manual_failover.h"
#include "node/cluster/roles.h"
#include "node/cluster/send.h"
#include "node/cluster/slot_claims.h"
#include "node/cluster/takeover_rule.h"
#include "node/cluster/voting.h"

namespace windlass::cluster {

namespace {

Node* NodeOfOutbound(Machine& m, LinkId link) {
  if (link.inbound) return nullptr;
  const auto it = m.outbound.find(link.number);
  return it == m.outbound.end() ? nullptr : it->second;
}

// The newest inbound link of a node is the one we keep: an older one is a
// connection its peer has given up.
void BindInbound(Machine& m, LinkId link, Node* sender) {
  if (!link.inbound || sender->inbound == link.number) return;
  if (const auto it = m.inbound.find(link.number); it != m.inbound.end()) {
    it->second->inbound = 0;
    it->second->inbound_lost_ms = m.now;
  }
  if (sender->inbound != 0) {
    m.inbound.erase(sender->inbound);
    m.out.Push(Disconnect{LinkId{true, sender->inbound}});
  }
  sender->inbound = link.number;
  sender->inbound_created_ms = m.now;
  m.inbound[link.number] = sender;
}

// Epochs, offset and abilities that every message of a known node carries.
void NoteHeader(Machine& m, Node* sender, const Header& header) {
  sender->data_received_ms = m.now;
  if ((header.mflags & kMessageExtData) != 0) sender->flags |= kFlagExtensions;
  if (sender->InHandshake()) return;
  LearnCluster(m, header);
  if (header.current_epoch > m.current_epoch) {
    m.current_epoch = header.current_epoch;
    m.Save();
  }
  // A replica's header carries its master's epoch; its own does not matter. Of one whose
  // new role we have not heard of yet it would pass for the epoch of the slots it has
  // lost, and its successor's claim could never be newer.
  const bool demoted = sender->IsMaster() && !header.replica_of.null();
  if (!demoted && header.config_epoch > sender->config_epoch) {
    sender->config_epoch = header.config_epoch;
    m.SaveAndCheck();
  }
  sender->replication_offset = static_cast<int64_t>(header.replication_offset);
  sender->offset_time_ms = m.now;
  sender->heard = true;
  NoteFinalOffset(m, sender, header);
  NotePausedMaster(m, *sender, header);
}

void HandleFail(Machine& m, Node* sender, const Fail& fail) {
  Node* node = m.nodes.Find(fail.about);
  if (node == nullptr) {
    LogF(m, LogLevel::kNotice, "Ignoring FAIL message from unknown node %s about %s",
         sender->id.str().c_str(), fail.about.str().c_str());
    return;
  }
  node->fail_from_file = false;
  if (node->Failed() || node->IsMyself()) return;
  LogF(m, LogLevel::kNotice, "FAIL message received from %s (%s) about %s (%s)",
       sender->id.str().c_str(), Name(*sender), node->id.str().c_str(), Name(*node));
  MarkFailed(m, node);
}

void HandleUpdate(Machine& m, Node* sender, const Update& update) {
  Node* node = m.nodes.Find(update.about);
  if (node == nullptr || node->config_epoch >= update.config_epoch) return;
  // Someone knows more of me than I do: only my own disk could say that.
  if (node->IsMyself()) return;
  if (node->IsReplica()) MakeMaster(m, node);
  node->config_epoch = update.config_epoch;
  m.SaveAndCheck();
  ApplyClaim(m, node, update.config_epoch, update.slots);
}

void Dispatch(Machine& m, Node* sender, const MessageReceived& input) {
  const Message& message = *input.message;
  switch (message.type) {
    case MessageType::kPing:
    case MessageType::kPong:
    case MessageType::kMeet:
      return;  // HandleHeartbeat has done it
    case MessageType::kFail:
      if (const auto* fail = std::get_if<Fail>(&message.body)) HandleFail(m, sender, *fail);
      return;
    case MessageType::kPublish:
    case MessageType::kPublishShard:
      if (const auto* publish = std::get_if<Publish>(&message.body)) {
        m.out.Push(DeliverPublish{publish->channel, publish->message,
                                  message.type == MessageType::kPublishShard});
      }
      return;
    case MessageType::kFailoverAuthRequest:
      ConsiderVote(m, sender, message.header);
      return;
    case MessageType::kFailoverAuthAck:
      CountVote(m, sender, message.header);
      return;
    case MessageType::kMfStart:
      HandleMfStart(m, sender, input.link);
      return;
    case MessageType::kUpdate:
      if (const auto* update = std::get_if<Update>(&message.body)) HandleUpdate(m, sender, *update);
      return;
    case MessageType::kModule:
      return;  // no modules here
  }
}

}  // namespace

void HandleMessage(Machine& m, const MessageReceived& input) {
  const Message& message = *input.message;
  if (static_cast<size_t>(message.type) < m.received.size()) {
    ++m.received[static_cast<size_t>(message.type)];
  }
  Node* linked = NodeOfOutbound(m, input.link);
  if (!input.link.inbound && linked == nullptr) return;  // a link we have given up
  if (IsForeign(m, message.header)) return TurnAway(m, linked, input);
  if (linked != nullptr) linked->data_received_ms = m.now;
  Node* sender = m.nodes.Find(message.header.sender);
  const bool from_myself = sender != nullptr && sender->IsMyself();
  if (sender != nullptr && !from_myself) {
    BindInbound(m, input.link, sender);
    if (input.link.inbound) NoteLinkKept(m, sender);
    NoteHeader(m, sender, message.header);
  }
  if (std::holds_alternative<Heartbeat>(message.body)) {
    HandleHeartbeat(m, sender, linked, input);
    return;
  }
  if (sender != nullptr && !from_myself && !sender->InHandshake()) Dispatch(m, sender, input);
}

void HandleLinkConnected(Machine& m, LinkId link) {
  Node* node = NodeOfOutbound(m, link);
  if (node == nullptr) return;
  node->outbound_up = true;
  // A new link does not forgive the ping that waits.
  const int64_t waiting_since = node->ping_sent_ms;
  SendPing(m, node, GreetingFor(m, *node));
  if (waiting_since != 0) node->ping_sent_ms = waiting_since;
}

void HandleLinkClosed(Machine& m, LinkId link) {
  if (link.inbound) {
    if (const auto it = m.inbound.find(link.number); it != m.inbound.end()) {
      it->second->inbound = 0;
      it->second->inbound_lost_ms = m.now;
      m.inbound.erase(it);
    }
    return;
  }
  Node* node = NodeOfOutbound(m, link);
  if (node == nullptr) return;
  m.outbound.erase(link.number);
  node->outbound = 0;
  node->outbound_up = false;
  // A node that cannot even be connected to is being waited for.
  if (node->ping_sent_ms == 0) node->ping_sent_ms = m.now;
}

void HandleLinkActivity(Machine& m, LinkId link) {
  Node* node = NodeOfOutbound(m, link);
  if (link.inbound) {
    const auto it = m.inbound.find(link.number);
    if (it != m.inbound.end()) node = it->second;
  }
  if (node != nullptr) node->data_received_ms = m.now;
}

}  // namespace windlass::cluster
