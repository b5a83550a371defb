// Heartbeats received.
#include "node/cluster/heartbeat.h"

#include "node/cluster/epochs.h"
#include "node/cluster/failure_detector.h"
#include "node/cluster/gossip.h"
#include "node/cluster/introduction.h"
#include "node/cluster/probation.h"
#include "node/cluster/roles.h"
#include "node/cluster/send.h"
#include "node/cluster/slot_claims.h"
#include "node/cluster/unheard_master.h"

namespace windlass::cluster {

namespace {

Address AddressOf(const Header& header, const std::string& remote_ip) {
  Address address = header.address;
  if (address.ip.empty()) address.ip = remote_ip;
  return address;
}

// The address a MEET was sent to is ours, unless one is announced.
void LearnOwnAddress(Machine& m, const MessageReceived& input) {
  Node* me = m.myself();
  if (!m.options.announce.ip.empty() || input.local_ip.empty()) return;
  if (input.message->type != MessageType::kMeet && !me->address.ip.empty()) return;
  if (me->address.ip == input.local_ip) return;
  me->address.ip = input.local_ip;
  LogF(m, LogLevel::kNotice, "IP address for this node updated to %s", input.local_ip.c_str());
  m.slots.Touch();
  m.Save();
}

bool UpdateAddress(Machine& m, Node* node, const Header& header, const std::string& remote_ip) {
  const Address address = AddressOf(header, remote_ip);
  if (address.ip.empty() || (node->address == address && node->HasAddress())) return false;
  node->address = address;
  CloseOutbound(m, node);
  node->flags &= static_cast<uint16_t>(~kFlagNoAddress);
  LogF(m, LogLevel::kNotice, "Address updated for node %s (%s), now %s:%d", node->id.str().c_str(),
       Name(*node), address.ip.c_str(), address.port);
  m.slots.Touch();
  m.SaveAndCheck();
  return true;
}

// An answer from the node we are meeting. False if the link's node is gone.
bool FinishHandshake(Machine& m, Node* sender, Node* linked, const MessageReceived& input) {
  const Header& header = input.message->header;
  if (sender != nullptr || header.sender.null()) {
    LogF(m, LogLevel::kVerbose,
         "Handshake: we already know node %s (%s), updating the address if needed.",
         header.sender.str().c_str(), sender != nullptr ? Name(*sender) : "");
    if (sender != nullptr && !sender->IsMyself()) UpdateAddress(m, sender, header, linked->address.ip);
    DropNode(m, linked);
    return false;
  }
  m.nodes.Rename(linked, header.sender);
  LogF(m, LogLevel::kDebug, "Handshake with node %s completed.", header.sender.str().c_str());
  linked->flags &= static_cast<uint16_t>(~(kFlagHandshake | kFlagMeet));
  linked->flags |= header.flags & (kFlagMaster | kFlagReplica);
  m.blacklist.Lift(header.sender);  // meeting it again lifts the ban
  m.SaveAndCheck();
  return true;
}

void NotePong(Machine& m, Node* linked) {
  linked->pong_received_ms = m.now;
  linked->ping_sent_ms = 0;
  NoteReachable(m, linked);
  linked->answered_on = linked->outbound;
  NoteAnswerTo(m, *linked);
}

void NoteRole(Machine& m, Node* sender, const Header& header) {
  const bool no_failover = (header.flags & kFlagNoFailover) != 0;
  if (no_failover) {
    sender->flags |= kFlagNoFailover;
  } else {
    sender->flags &= static_cast<uint16_t>(~kFlagNoFailover);
  }
  if (header.replica_of.null()) {
    MakeMaster(m, sender);
  } else {
    MakeReplica(m, sender, m.nodes.Find(header.replica_of));
  }
}

void NoteClaims(Machine& m, Node* sender, const Header& header) {
  if (sender->IsMaster()) m.slots.NoteHeardWithout(sender, *header.slots);
  Node* owner = sender->IsMaster() ? sender : sender->replica_of;
  // A slot claimed anew by the owner on record is news, too.
  const bool renewed = sender->IsMaster() && header.slots->Intersects(m.slots.not_claimed());
  if (owner != nullptr && (SlotMap::ClaimDiffers(owner, header.slots) || renewed)) {
    if (sender->IsMaster()) ApplyClaim(m, sender, header.config_epoch, header.slots);
    CorrectStaleClaim(m, sender, owner, header);
  }
  if (sender->IsMaster() && m.myself()->IsMaster() &&
      header.config_epoch == m.myself()->config_epoch) {
    SettleCollision(m, *sender, header);
  }
}

// A MEET from a node we do not know: it becomes one in handshake, which our own
// PING to its address then completes.
void AcceptMeet(Machine& m, const MessageReceived& input) {
  const Address address = AddressOf(input.message->header, input.remote_ip);
  if (address.ip.empty() || address.bus_port == 0) return;
  NoteIntroduction(m);
  Node* node = m.nodes.Add(NodeId::MakeRandom(m.random), kFlagHandshake, m.now);
  node->address = address;
  node->shard_id = NodeId::MakeRandom(m.random);
  m.Save();
}

bool AlreadyMeeting(const Machine& m, const Address& address) {
  for (const Node* node : m.nodes.all()) {
    if (node->InHandshake() && node->address.ip == address.ip &&
        node->address.bus_port == address.bus_port) {
      return true;
    }
  }
  return false;
}

}  // namespace

void DisownAddress(Machine& m, Node* linked) {
  LogF(m, LogLevel::kDebug, "PONG contains mismatching sender ID. About node %s added %lld ms ago, having flags %d",
       linked->id.str().c_str(), static_cast<long long>(m.now - linked->created_ms), linked->flags);
  linked->flags |= kFlagNoAddress;
  linked->address = Address{};
  // It cannot be pinged any more, but it is being waited for all the same: or a
  // master that came back under another id would never be seen to fail.
  if (linked->ping_sent_ms == 0) linked->ping_sent_ms = m.now;
  CloseOutbound(m, linked);
  m.slots.Touch();
  m.Save();
}

void HandleHeartbeat(Machine& m, Node* sender, Node* linked, const MessageReceived& input) {
  const Message& message = *input.message;
  const Header& header = message.header;
  const bool from_myself = sender != nullptr && sender->IsMyself();
  if (message.type != MessageType::kPong) {
    LearnOwnAddress(m, input);
    if (sender == nullptr && message.type == MessageType::kMeet &&
        !AlreadyMeeting(m, AddressOf(header, input.remote_ip))) {
      AcceptMeet(m, input);
    }
    SendPong(m, input.link, sender);
  }
  if (linked != nullptr) {
    if (linked->InHandshake()) {
      if (!FinishHandshake(m, sender, linked, input)) return;
      sender = linked;
    } else if (!(linked->id == header.sender)) {
      DisownAddress(m, linked);
      return;
    }
  }
  if (sender == nullptr || from_myself || sender->InHandshake()) return;
  if (message.type == MessageType::kPing && input.link.inbound) {
    UpdateAddress(m, sender, header, input.remote_ip);
  }
  if (linked != nullptr && message.type == MessageType::kPong) NotePong(m, linked);
  LearnMasterOf(m, *sender, header);
  NoteRole(m, sender, header);
  NoteClaims(m, sender, header);
  (void)FollowSuccessor(m);
  const auto& heartbeat = std::get<Heartbeat>(message.body);
  ProcessGossip(m, sender, heartbeat.gossip);
  ProcessExtensions(m, sender, heartbeat.extensions);
  ReviewProbation(m);
}

bool StartHandshake(Machine& m, const Address& address) {
  if (AlreadyMeeting(m, address)) return false;
  NoteIntroduction(m);
  Node* node = m.nodes.Add(NodeId::MakeRandom(m.random), kFlagHandshake | kFlagMeet, m.now);
  node->address = address;
  node->shard_id = NodeId::MakeRandom(m.random);
  return true;
}

}  // namespace windlass::cluster
