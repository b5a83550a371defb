// The rhythm of heartbeats: whom to connect to, to ping, to suspect.
#include <algorithm>
#include <utility>

#include "node/cluster/failure_detector.h"
#include "node/cluster/heartbeat.h"
#include "node/cluster/introduction.h"
#include "node/cluster/send.h"

namespace windlass::cluster {

namespace {

constexpr int64_t kMinHandshakeMs = 1000;
constexpr int64_t kMeetAgainMs = 1000;
constexpr uint64_t kTicksPerSecond = 10;
constexpr int kPingSample = 5;

void DropStaleHandshakes(Machine& m) {
  const int64_t timeout = std::max(m.options.node_timeout_ms, kMinHandshakeMs);
  std::vector<Node*> stale;
  for (Node* node : m.nodes.all()) {
    if (node->InHandshake() && m.now - node->created_ms > timeout) stale.push_back(node);
  }
  for (Node* node : stale) DropNode(m, node);
}

void ConnectAll(Machine& m) {
  m.to_report = 0;
  for (Node* node : m.nodes.all()) {
    if (node->IsMyself()) continue;
    if (WorthReporting(*node)) ++m.to_report;
    if (node->outbound == 0 && node->HasAddress()) OpenLink(m, node);
  }
}

// Of a few nodes at random, the one not heard of for longest.
void PingOldest(Machine& m) {
  Node* oldest = nullptr;
  for (int i = 0; i < kPingSample; ++i) {
    Node* node = m.nodes.all()[m.random.Below(m.nodes.all().size())];
    if (!node->outbound_up || node->ping_sent_ms != 0) continue;
    if (node->IsMyself() || node->InHandshake()) continue;
    if (oldest == nullptr || node->pong_received_ms < oldest->pong_received_ms) oldest = node;
  }
  if (oldest != nullptr) SendPing(m, oldest, GreetingFor(m, *oldest));
}

void TickNode(Machine& m, Node* node) {
  const int64_t timeout = m.options.node_timeout_ms;
  const int64_t waited = m.now - node->ping_sent_ms;
  const int64_t quiet = m.now - node->data_received_ms;
  // It may be the connection that is broken: so it seems when the node is silent,
  // and also when it talks to us by its own link but never answers on ours.
  const bool stuck = waited > timeout / 2 && (quiet > timeout / 2 || waited > timeout);
  if (node->outbound_up && node->ping_sent_ms != 0 && stuck &&
      m.now - node->outbound_created_ms > timeout) {
    CloseOutbound(m, node);
  }
  if (node->outbound_up && node->ping_sent_ms == 0 &&
      m.now - node->pong_received_ms > timeout / 2) {
    SendPing(m, node, GreetingFor(m, *node));
    return;
  }
  // The replica that waits for our offset hears it at every tick.
  if (m.manual.end_ms != 0 && m.myself()->IsMaster() && m.manual.replica == node) {
    SendPing(m, node, MessageType::kPing);
    return;
  }
  if (node->ping_sent_ms == 0) return;
  if (std::min(waited, quiet) > timeout && !node->Suspected() && !node->Failed()) {
    MarkSuspected(m, node);
  }
}

}  // namespace

void TickHeartbeats(Machine& m) {
  DropStaleHandshakes(m);
  ConnectAll(m);
  if (++m.ticks % kTicksPerSecond == 0) PingOldest(m);
  for (Node* node : m.nodes.all()) {
    if (node->InHandshake()) {
      if (node->Has(kFlagMeet) && node->outbound_up && m.now - node->meet_sent_ms > kMeetAgainMs) {
        SendPing(m, node, MessageType::kMeet);
      }
      continue;
    }
    if (!node->IsMyself()) TickNode(m, node);
  }
  if (std::exchange(m.tell_suspicion, false)) BroadcastPong(m, false);
}

}  // namespace windlass::cluster
