// Gossip entries and ping extensions, both ways.
#include "node/cluster/gossip.h"

#include <algorithm>
#include <utility>

#include "node/cluster/failure_detector.h"
#include "node/cluster/roles.h"
#include "node/cluster/send.h"

namespace windlass::cluster {

namespace {

constexpr int kMinGossip = 3;

GossipEntry EntryOf(const Node& node) {
  GossipEntry entry;
  entry.id = node.id;
  entry.ping_sent_s = static_cast<uint32_t>(node.ping_sent_ms / 1000);
  entry.pong_received_s = static_cast<uint32_t>(node.pong_received_ms / 1000);
  entry.address = node.address;
  entry.flags = node.flags;
  return entry;
}

void AddRandomEntries(Machine& m, const Node* to, std::vector<GossipEntry>* gossip) {
  const auto& all = m.nodes.all();
  int fresh = m.nodes.size() - 2;  // neither myself nor the receiver
  int wanted = std::min(std::max(kMinGossip, m.nodes.size() / 10), std::max(fresh, 0));
  const uint64_t mark = ++m.gossip_marks;
  for (int tries = wanted * 3; wanted > 0 && fresh > 0 && tries > 0; --tries) {
    Node* node = all[m.random.Below(all.size())];
    if (node->IsMyself() || node == to || node->Suspected() || node->gossip_mark == mark) continue;
    if (node->InHandshake() || !node->HasAddress() ||
        (node->outbound == 0 && node->slot_count == 0)) {
      --fresh;
      continue;
    }
    node->gossip_mark = mark;
    gossip->push_back(EntryOf(*node));
    --fresh;
    --wanted;
  }
}

Extensions BuildExtensions(const Machine& m) {
  Extensions extensions;
  if (!m.options.hostname.empty()) extensions.hostname = m.options.hostname;
  if (!m.options.human_nodename.empty()) extensions.human_nodename = m.options.human_nodename;
  for (const Blacklist::Entry& entry : m.blacklist.entries()) {
    if (entry.until_ms <= m.now) continue;
    extensions.forgotten.push_back(
        {entry.id, static_cast<uint64_t>((entry.until_ms - m.now + 999) / 1000)});
  }
  extensions.shard_id = m.myself()->shard_id;
  return extensions;
}

void UpdateReport(Machine& m, Node* sender, Node* node, const GossipEntry& entry) {
  if (!sender->IsMaster()) return;
  if ((entry.flags & (kFlagFail | kFlagPfail)) != 0) {
    if (AddFailureReport(m, node, sender)) {
      LogF(m, LogLevel::kVerbose, "Node %s (%s) reported node %s (%s) as not reachable.",
           sender->id.str().c_str(), Name(*sender), node->id.str().c_str(), Name(*node));
    }
    MarkFailingIfNeeded(m, node);
  } else if (RemoveFailureReport(m, node, sender)) {
    LogF(m, LogLevel::kVerbose, "Node %s (%s) reported node %s (%s) is back online.",
         sender->id.str().c_str(), Name(*sender), node->id.str().c_str(), Name(*node));
  }
}

void ProcessKnown(Machine& m, Node* sender, Node* node, const GossipEntry& entry) {
  if (node->IsMyself() || node->InHandshake()) return;
  UpdateReport(m, sender, node, entry);
  const bool reachable = (entry.flags & (kFlagFail | kFlagPfail)) == 0;
  if (reachable && node->ping_sent_ms == 0 && CountFailureReports(m, node) == 0) {
    const int64_t pong_ms = static_cast<int64_t>(entry.pong_received_s) * 1000;
    // A clock ahead of ours must not silence our own pings.
    if (pong_ms <= m.now + 500 && pong_ms > node->pong_received_ms) node->pong_received_ms = pong_ms;
  }
  // We cannot reach it, the sender can, and somewhere else: look there.
  const bool lost = node->Has(kFlagFail | kFlagPfail | kFlagNoAddress);
  const bool moved = node->address.ip != entry.address.ip ||
                     node->address.port != entry.address.port ||
                     node->address.bus_port != entry.address.bus_port;
  if (lost && reachable && (entry.flags & kFlagNoAddress) == 0 && !entry.address.ip.empty() && moved) {
    CloseOutbound(m, node);
    node->address = entry.address;
    node->flags &= static_cast<uint16_t>(~kFlagNoAddress);
    m.slots.Touch();
    m.Save();
  }
}

// A node that a trusted one knows is trusted, under its own id: a handshake with
// its address might join another cluster that has the address now.
void AddTold(Machine& m, const GossipEntry& entry) {
  if ((entry.flags & (kFlagNoAddress | kFlagHandshake)) != 0 || entry.address.ip.empty()) return;
  if (entry.id.null() || entry.address.bus_port == 0 || m.blacklist.Banned(entry.id, m.now)) return;
  const uint16_t role = entry.flags & (kFlagMaster | kFlagReplica | kFlagNoFailover);
  Node* node = m.nodes.Add(entry.id, role, m.now);
  node->address = entry.address;
  node->shard_id = NodeId::MakeRandom(m.random);
  node->told = true;
  m.SaveAndCheck();
}

}  // namespace

Heartbeat BuildHeartbeat(Machine& m, const Node* to) {
  Heartbeat heartbeat;
  AddRandomEntries(m, to, &heartbeat.gossip);
  if (m.to_report > 0) {
    for (const Node* node : m.nodes.all()) {
      if (WorthReporting(*node) && node->gossip_mark != m.gossip_marks) heartbeat.gossip.push_back(EntryOf(*node));
    }
  }
  if (to != nullptr && to->Has(kFlagExtensions)) heartbeat.extensions = BuildExtensions(m);
  return heartbeat;
}

void ProcessGossip(Machine& m, Node* sender, const std::vector<GossipEntry>& gossip) {
  for (const GossipEntry& entry : gossip) {
    Node* node = m.nodes.Find(entry.id);
    if (node != nullptr) {
      ProcessKnown(m, sender, node, entry);
    } else {
      AddTold(m, entry);
    }
  }
}

void ProcessExtensions(Machine& m, Node* sender, const Extensions& extensions) {
  const std::string hostname = extensions.hostname.value_or("");
  const std::string nodename = extensions.human_nodename.value_or("");
  if (sender->hostname != hostname || sender->human_nodename != nodename) {
    sender->hostname = hostname;
    sender->human_nodename = nodename;
    m.slots.Touch();
    m.Save();
  }
  // Without the extension the id is ours to keep consistent: a replica has its
  // master's. With it, the node itself knows.
  NodeId shard = sender->shard_id;
  if (extensions.shard_id) {
    shard = *extensions.shard_id;
  } else if (sender->IsReplica() && sender->replica_of != nullptr) {
    shard = sender->replica_of->shard_id;
  }
  SetShard(m, sender, shard);
  for (const ForgottenNode& forgotten : extensions.forgotten) {
    Node* node = m.nodes.Find(forgotten.id);
    const auto ttl_ms = static_cast<int64_t>(std::min<uint64_t>(forgotten.ttl_s, 3600) * 1000);
    if (node == nullptr) {
      // We have not met it, and shall not be told of it by those who have yet to forget.
      if (!m.blacklist.Banned(forgotten.id, m.now)) m.blacklist.Ban(forgotten.id, m.now + ttl_ms);
      continue;
    }
    if (node->IsMyself() || node == m.MyMaster() || node == sender) continue;
    // The sender may know a new owner of its slots already. We do not: dropping it
    // now would leave slots without owner and replicas without a master to replace.
    if (node->slot_count > 0) continue;
    m.blacklist.Ban(node->id, m.now + ttl_ms);
    DropNode(m, node);
  }
}

}  // namespace windlass::cluster
