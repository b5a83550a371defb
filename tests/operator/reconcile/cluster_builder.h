// Clusters for tests of decisions: nodes by what they own and whom they follow,
// told as the reports and pods that a pass would have read.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operator/reconcile/world.h"

namespace windlass::reconcile {

struct TestNode {
  std::string shard;           // label
  std::string master;          // name of the node it follows; empty: a master
  std::vector<slot::SlotRange> slots;
  bool pod = true;
  bool claim = false;
  ClaimFact volume;            // of the claim, its shard left out
  std::string zone;
  bool placed = true;
  bool answers = true;
  bool serves = true;
  bool known = true;           // in the cluster; else it knows only itself
  bool terminating = false;
  bool fenced = false;
  bool take_over = false;
  bool finished = false;
  bool cordoned = false;       // the machine it is on
  std::string template_hash;   // of its pod; empty: as now
  std::string problem;         // of its container
  std::string resources;       // what its pod says it may use
  std::string resize_to;
  bool resized = true;
  std::string resize_problem;
  NodeSettings settings;       // what its pod says it was told
  int64_t age_ms = 60'000;     // of its pod, and of its container
  int restarts = 0;
  int64_t out_of_reach_for_ms = 0;
  bool copying = false;        // of a replica
  std::string run_id = "run";
  int64_t used_memory = 1000;
  bool hostname = true;
  std::vector<slot::SlotRange> named_slots;  // what the others say it owns, if that is something else
  std::optional<std::string> named_master;  // whom the others say it follows, if that is another; empty: it is a master; "-": they do not know
  bool linked = false;         // the others have a living link to it, though there is no pod or no answer
  std::string named;           // announced, if not its name
  int64_t offset = 100;        // of the stream
  int64_t keys = 0;
  uint64_t epoch = 0;
  bool link_up = true;         // of a replica
  bool moved = false;          // the others look for it where it was before
  bool suspected = false;      // if moved: the others have a link in the making, and suspect it
  bool being_met = false;      // and have begun a handshake with where it is now
  std::map<slot::SlotId, std::string> migrating;  // slot → name
  std::map<slot::SlotId, std::string> importing;
};

class ClusterBuilder {
 public:
  ClusterBuilder() {
    cluster_.metadata.name = "demo";
    cluster_.metadata.name_space = "ns";
    cluster_.metadata.uid = "uid-of-demo";
    cluster_.metadata.generation = 1;
    cluster_.status.cluster_id = "c1";
  }

  TestNode& Add(const std::string& name, TestNode node) { return nodes_[name] = std::move(node); }
  void Remove(const std::string& name) { nodes_.erase(name); }
  // A claim of a node that was taken out.
  void AddOrphan(const std::string& name) { orphans_.push_back(name); }
  TestNode& At(const std::string& name) { return nodes_.at(name); }
  api::Spec& spec() { return cluster_.spec; }
  // As after a refusal of new pods: said so, and not to be tried again yet.
  void Refuse(const std::string& why) { refused_ = why; }
  void AskForRebalance() { cluster_.metadata.rebalance = true; }
  void RefuseResize(const std::string& why) { resize_refused_ = why; }
  // The hash of a pod made now.
  std::string Hash() const;
  api::Status& status() { return cluster_.status; }

  // `shards` even shards with a replica each: demo-0 master, demo-1 replica, …
  static ClusterBuilder Even(int shards);

  World Build(int target_shards);

  static std::string IdOf(const std::string& name) {
    std::string id = name;
    id.resize(40, '0');
    return id;
  }

 private:
  topology::NodeReport Report(const std::string& name);
  topology::Address AddressOf(const std::string& name) const;

  api::RedisCluster cluster_;
  std::map<std::string, TestNode> nodes_;
  std::string refused_;
  std::string resize_refused_;
  std::vector<std::string> orphans_;
};

}  // namespace windlass::reconcile
