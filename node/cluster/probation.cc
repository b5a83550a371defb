// When probation is silent, and when it ends.
#include "node/cluster/probation.h"

#include "node/cluster/send.h"

namespace windlass::cluster {

namespace {

bool MayHoldMore(const Machine& m, const Node& replica) {
  if (replica.proven_no_newer) return false;
  // Offset 0 proves nothing: so says also a replica that was restarted with its
  // data and has not synchronised since.
  return !replica.heard || replica.replication_offset == 0 ||
         replica.replication_offset > m.probation.data_offset;
}

// Not recorded as ours, but it may have become so unheard.
bool MayBeOurs(const Machine& m, const Node& node) {
  if (node.heard || node.InHandshake()) return false;
  if (node.shard_id == m.myself()->shard_id) return true;  // the master that we replaced, say
  if (node.Failed() && !node.fail_from_file) return false;
  return node.IsReplica() || node.slot_count == 0;
}

}  // namespace

void BeginProbation(Machine& m, int64_t data_offset) {
  if (!m.myself()->Votes()) return;
  m.probation.active = true;
  m.probation.data_offset = data_offset;
  m.probation.silent = false;
  for (const Node* replica : m.myself()->replicas) {
    if (MayHoldMore(m, *replica)) m.probation.silent = true;
  }
  if (m.probation.silent) {
    LogF(m, LogLevel::kWarning,
         "Restarted without the data my replicas may hold: not serving and not answering pings "
         "until one of them takes over or is seen to hold nothing newer.");
  }
  ReviewProbation(m);
}

void ReviewProbation(Machine& m) {
  Probation& p = m.probation;
  if (p.newcomer && (m.myself()->slot_count > 0 || !m.myself()->replicas.empty())) p.newcomer = false;
  if (!p.active) return;
  bool wait = false;
  bool silent = false;
  if (m.myself()->Votes()) {
    for (const Node* node : m.nodes.all()) {
      if (node->IsMyself()) continue;
      if (node->replica_of == m.myself()) {
        silent = silent || MayHoldMore(m, *node);
      } else {
        wait = wait || MayBeOurs(m, *node);
      }
    }
  }
  // Pings that were swallowed are still waited for; on new links there are new ones.
  if (p.silent && !silent) {
    for (Node* node : m.nodes.all()) CloseInbound(m, node);
  }
  p.silent = silent;
  p.active = silent || wait;
  if (p.active) return;
  LogF(m, LogLevel::kWarning, m.myself()->Votes()
                                  ? "No replica holds data newer than mine: serving my slots again."
                                  : "My slots have another owner: taking part in the cluster again.");
  m.update_health = true;
  m.slots.Touch();
}

}  // namespace windlass::cluster
