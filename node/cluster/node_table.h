// The nodes this node knows, by id and by index, and who replicates whom.
// Pointers stay valid until the node is removed; index 1 is always myself.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "node/cluster/node.h"

namespace windlass::cluster {

class NodeTable {
 public:
  NodeTable();

  // REQUIRES: no node has this id. The first node added is myself.
  Node* Add(const NodeId& id, uint16_t flags, int64_t now_ms);
  // Takes it out of every list of the table. REQUIRES: it owns no slot, is not myself.
  void Remove(Node* node);
  void Rename(Node* node, const NodeId& id);

  Node* Find(const NodeId& id) const {
    const auto it = by_id_.find(id);
    return it == by_id_.end() ? nullptr : it->second;
  }
  Node* At(NodeIndex index) const { return by_index_[index].get(); }
  Node* myself() const { return by_index_[kMyself].get(); }
  // In the order they came. Do not add or remove while iterating.
  const std::vector<Node*>& all() const { return all_; }
  int size() const { return static_cast<int>(all_.size()); }

  // Also keeps the migrate-to flag: a master that had replicas may get one by
  // migration. master == nullptr: of nobody.
  void SetMasterOf(Node* node, Node* master);

 private:
  std::unordered_map<NodeId, Node*, NodeIdHash> by_id_;
  std::vector<std::unique_ptr<Node>> by_index_;  // [0] stays empty
  std::vector<NodeIndex> free_;
  std::vector<Node*> all_;
};

// Replicas of this master that have not failed.
int HealthyReplicas(const Node& master);

}  // namespace windlass::cluster
