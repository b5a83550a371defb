// Adding, removing and renaming nodes; the lists of replicas.
#include "node/cluster/node_table.h"

#include <algorithm>
#include <utility>

namespace windlass::cluster {

NodeTable::NodeTable() { by_index_.emplace_back(); }

Node* NodeTable::Add(const NodeId& id, uint16_t flags, int64_t now_ms) {
  auto node = std::make_unique<Node>();
  node->id = id;
  node->flags = flags;
  node->created_ms = now_ms;
  node->slots = std::make_shared<slot::SlotSet>();
  Node* raw = node.get();
  if (free_.empty()) {
    raw->index = static_cast<NodeIndex>(by_index_.size());
    by_index_.push_back(std::move(node));
  } else {
    raw->index = free_.back();
    free_.pop_back();
    by_index_[raw->index] = std::move(node);
  }
  by_id_[id] = raw;
  all_.push_back(raw);
  return raw;
}

void NodeTable::Remove(Node* node) {
  SetMasterOf(node, nullptr);
  for (Node* replica : node->replicas) replica->replica_of = nullptr;
  for (Node* other : all_) {
    auto& reports = other->reports;
    reports.erase(std::remove_if(reports.begin(), reports.end(),
                                 [node](const FailureReport& r) { return r.reporter == node; }),
                  reports.end());
  }
  all_.erase(std::find(all_.begin(), all_.end(), node));
  by_id_.erase(node->id);
  free_.push_back(node->index);
  by_index_[node->index].reset();
}

void NodeTable::Rename(Node* node, const NodeId& id) {
  by_id_.erase(node->id);
  node->id = id;
  by_id_[id] = node;
}

void NodeTable::SetMasterOf(Node* node, Node* master) {
  if (node->replica_of == master) return;
  if (Node* old = node->replica_of; old != nullptr) {
    old->replicas.erase(std::find(old->replicas.begin(), old->replicas.end(), node));
    if (old->replicas.empty()) old->flags &= static_cast<uint16_t>(~kFlagMigrateTo);
  }
  node->replica_of = master;
  if (master != nullptr) {
    master->replicas.push_back(node);
    master->flags |= kFlagMigrateTo;
  }
}

int HealthyReplicas(const Node& master) {
  int healthy = 0;
  for (const Node* replica : master.replicas) {
    if (!replica->Failed()) ++healthy;
  }
  return healthy;
}

}  // namespace windlass::cluster
