// Who moves, to whom, and when.
#include "node/cluster/replica_migration.h"

#include <algorithm>

#include "node/cluster/roles.h"

namespace windlass::cluster {

namespace {

constexpr int64_t kOrphanedMs = 5000;  // time for a failing replica to come back

bool Orphaned(const Node& node) {
  return node.Votes() && !node.Failed() && node.Has(kFlagMigrateTo) && HealthyReplicas(node) == 0;
}

// The lowest id among the replicas of the masters with most: all the nodes that
// could move come to the same answer.
bool IsActor(const Machine& m, int most) {
  const Node* actor = m.myself();
  for (const Node* master : m.nodes.all()) {
    if (!master->IsMaster() || HealthyReplicas(*master) != most) continue;
    for (const Node* replica : master->replicas) {
      if (!replica->Failed() && replica->id < actor->id) actor = replica;
    }
  }
  return actor == m.myself();
}

}  // namespace

void TickReplicaMigration(Machine& m) {
  const Node* mine = m.MyMaster();
  // Where acknowledgements are counted, who has acknowledged stays.
  if (mine == nullptr || m.options.min_acks > 0) return;
  Node* target = nullptr;
  int most = 0;
  for (Node* node : m.nodes.all()) {
    if (!node->IsMaster() || node->IsMyself() || !node->HasAddress() || node->InHandshake()) continue;
    if (!Orphaned(*node)) {
      node->orphaned_time_ms = 0;
      if (!node->Failed()) most = std::max(most, HealthyReplicas(*node));
      continue;
    }
    if (node->orphaned_time_ms == 0) node->orphaned_time_ms = m.now;
    if (target == nullptr) target = node;
  }
  const int own = HealthyReplicas(*mine);
  if (target == nullptr || !m.options.allow_replica_migration || !m.health.ok) return;
  if (mine->Failed() || most < 2 || own != most || own <= m.options.migration_barrier) return;
  if (m.now - target->orphaned_time_ms <= kOrphanedMs || !IsActor(m, most)) return;
  LogF(m, LogLevel::kWarning, "Migrating to orphaned master %s", target->id.str().c_str());
  FollowNode(m, target);
}

}  // namespace windlass::cluster
