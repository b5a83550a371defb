// The reports of the core.
#include "node/cluster/reports.h"

#include <algorithm>

#include "node/cluster/admin_execute.h"
#include "node/cluster/core.h"
#include "node/cluster/failure_detector.h"
#include "node/cluster/machine.h"
#include "node/cluster/reports_text.h"

namespace windlass::cluster {

namespace {

NodeEndpoint EndpointOf(const Node& node) {
  return {node.id, node.address, node.hostname, node.IsMyself()};
}

ShardNode ShardNodeOf(const Node& node) {
  ShardNode entry;
  entry.endpoint = EndpointOf(node);
  entry.master = node.IsMaster();
  entry.replication_offset = node.replication_offset;
  if (node.Failed()) {
    entry.health = "fail";
  } else if (node.IsReplica() && node.replication_offset == 0) {
    entry.health = "loading";
  }
  return entry;
}

}  // namespace

NodeEndpoint ClusterCore::Endpoint(NodeIndex index) const {
  return EndpointOf(*machine_->nodes.At(index));
}

std::optional<NodeId> ClusterCore::FindNode(std::string_view id) const {
  const Node* node = NamedNode(*machine_, id);
  return node == nullptr ? std::nullopt : std::make_optional(node->id);
}

std::string ClusterCore::NodesText(int64_t) const { return cluster::NodesText(*machine_); }

base::Result<std::vector<std::string>> ClusterCore::ReplicaLines(std::string_view id, int64_t) const {
  const Node* node = NamedNode(*machine_, id);
  if (node == nullptr) return Refuse("Unknown node " + std::string(id));
  if (node->IsReplica()) return Refuse("The specified node is not a master");
  std::vector<std::string> lines;
  for (const Node* replica : node->replicas) lines.push_back(NodeLine(*machine_, *replica));
  return lines;
}

std::vector<SlotsEntry> ClusterCore::SlotsReport() const {
  std::vector<SlotsEntry> entries;
  for (int s = 0; s < slot::kSlotCount; ++s) {
    const auto slot = static_cast<slot::SlotId>(s);
    const Node* owner = machine_->slots.Owner(slot);
    if (owner == nullptr) continue;
    SlotsEntry* last = entries.empty() ? nullptr : &entries.back();
    if (last != nullptr && last->range.last + 1 == s && last->nodes[0].id == owner->id) {
      last->range.last = slot;
      continue;
    }
    SlotsEntry entry;
    entry.range = {slot, slot};
    entry.nodes.push_back(EndpointOf(*owner));
    for (const Node* replica : owner->replicas) {
      // One that has synchronised nothing yet serves nobody.
      if (replica->Failed() || replica->replication_offset == 0) continue;
      entry.nodes.push_back(EndpointOf(*replica));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<ShardEntry> ClusterCore::ShardsReport(int64_t) const {
  std::vector<ShardEntry> shards;
  const auto of = [&shards](const Node& node) -> ShardEntry& {
    for (ShardEntry& shard : shards) {
      if (shard.shard_id == node.shard_id) return shard;
    }
    shards.push_back({node.shard_id, {}, {}});
    return shards.back();
  };
  // Owners of slots first: a failed master that was replaced is in its shard still.
  for (const int rank : {0, 1, 2}) {
    for (const Node* node : machine_->nodes.all()) {
      const int own = node->Votes() ? 0 : (node->IsMaster() ? 1 : 2);
      if (own != rank || node->InHandshake()) continue;
      ShardEntry& shard = of(*node);
      for (const slot::SlotRange& range : node->slots->Ranges()) shard.slots.push_back(range);
      shard.nodes.push_back(ShardNodeOf(*node));
    }
  }
  return shards;
}

InfoReport ClusterCore::Info() const {
  const Machine& m = *machine_;
  InfoReport info;
  info.state_ok = m.health.ok;
  for (const Node* node : m.nodes.all()) {
    info.slots_assigned += node->slot_count;
    if (node->Failed()) {
      info.slots_fail += node->slot_count;
    } else if (node->Suspected()) {
      info.slots_pfail += node->slot_count;
    } else {
      info.slots_ok += node->slot_count;
    }
  }
  info.known_nodes = m.nodes.size();
  info.size = m.health.size;
  info.current_epoch = m.current_epoch;
  info.my_epoch = m.myself()->ClaimEpoch();
  info.cluster_id = m.cluster_id;
  info.sent = m.sent;
  info.received = m.received;
  return info;
}

std::vector<LinkReport> ClusterCore::LinksReport() const {
  std::vector<LinkReport> links;
  for (const Node* node : machine_->nodes.all()) {
    if (node->outbound != 0) links.push_back({{false, node->outbound}, node->id, node->outbound_created_ms});
    if (node->inbound != 0) links.push_back({{true, node->inbound}, node->id, node->inbound_created_ms});
  }
  return links;
}

base::Result<int> ClusterCore::FailureReports(std::string_view id, int64_t now_ms) const {
  Node* node = NamedNode(*machine_, id);
  if (node == nullptr) return Refuse("Unknown node " + std::string(id));
  machine_->now = std::max(machine_->now, now_ms);
  return CountFailureReports(*machine_, node);
}

std::vector<NodeEndpoint> ClusterCore::KnownNodes() const {
  std::vector<NodeEndpoint> nodes;
  for (const Node* node : machine_->nodes.all()) {
    if (!node->IsMyself() && !node->InHandshake()) nodes.push_back(EndpointOf(*node));
  }
  return nodes;
}

std::string ClusterCore::ConfText() const { return NodesConfText(*machine_); }

void ClusterCore::ResetStats() {
  machine_->sent.fill(0);
  machine_->received.fill(0);
}

}  // namespace windlass::cluster
