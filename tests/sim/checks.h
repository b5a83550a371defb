// What must hold in every run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "node/cluster/messages.h"
#include "tests/sim/host.h"

namespace windlass::sim {

class Checks {
 public:
  // Called for every message that leaves a node.
  void Sent(const Host& from, const cluster::Message& message);
  // A replica replaces what it holds by what its master holds.
  void Synchronising(const Host& master, const Host& replica);
  // No two nodes accept writes for one slot with one epoch; no node serves with
  // less than its replicas after a restart.
  void Serving(const std::vector<std::unique_ptr<Host>>& hosts);

  // Empty when all nodes agree and serve; else the first difference.
  static std::string Disagreement(const std::vector<std::unique_ptr<Host>>& hosts);

  // Of one shard two masters may claim slots at one epoch for a moment: a target of a
  // migration gives itself one, and its replica may be elected at the same. `shard_of`
  // says the shard of a node, null if it is not known.
  void AllowWithinShard(std::function<cluster::NodeId(const cluster::NodeId&)> shard_of) { shard_of_ = std::move(shard_of); }

  void Fail(const std::string& what) {
    if (failure_.empty()) failure_ = what;
  }
  const std::string& failure() const { return failure_; }

 private:
  struct Claim {
    cluster::NodeId owner;
    cluster::SharedSlots slots;
  };
  bool SameShard(const cluster::NodeId& a, const cluster::NodeId& b) const;

  std::string failure_;
  std::function<cluster::NodeId(const cluster::NodeId&)> shard_of_;
  std::map<std::pair<cluster::NodeId, uint64_t>, cluster::NodeId> votes_;  // (voter, epoch)
  std::map<uint64_t, std::vector<Claim>> claims_;                         // by epoch
};

}  // namespace windlass::sim
