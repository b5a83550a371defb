// Bumping epochs and settling collisions.
#include "node/cluster/epochs.h"

#include <algorithm>

namespace windlass::cluster {

uint64_t MaxEpoch(const Machine& m) {
  uint64_t max = m.current_epoch;
  for (const Node* node : m.nodes.all()) max = std::max(max, node->config_epoch);
  return max;
}

bool BumpEpochAlone(Machine& m) {
  Node* me = m.myself();
  const uint64_t max = MaxEpoch(m);
  if (me->config_epoch != 0 && me->config_epoch == max) return false;
  m.current_epoch = max + 1;
  me->config_epoch = m.current_epoch;
  m.SaveCritical();
  LogF(m, LogLevel::kWarning, "New configEpoch set to %llu",
       static_cast<unsigned long long>(me->config_epoch));
  return true;
}

void SettleCollision(Machine& m, const Node& other, const Header& header) {
  Node* me = m.myself();
  // The node with the smaller id moves on. But if both claim a slot, moving on
  // decides who has it, and that must be the one that took it at this epoch: a
  // returning master with a smaller id would else take back, by an epoch it gave
  // itself, what others elected its replica for, and its data is the older.
  const bool took = me->config_epoch != 0 && m.taken_at_epoch == me->config_epoch;
  const bool disputed = took && header.slots->Intersects(*me->slots);
  // A master that gave itself an epoch (for slots it took over) while its replica was
  // elected at the same one moves on for nobody: it is the successor that has to, also when
  // it gave itself that epoch after the election.
  const bool elected = m.succeeded_at_epoch == me->config_epoch || other.successor == me->id;
  const bool replaced = !me->shard_id.null() && me->shard_id == other.shard_id && !elected && header.slots->Intersects(*me->slots);
  if (replaced || (!disputed && !(me->id < other.id))) return;
  ++m.current_epoch;
  if (took) m.taken_at_epoch = m.current_epoch;
  if (m.succeeded_at_epoch == me->config_epoch) m.succeeded_at_epoch = m.current_epoch;
  me->config_epoch = m.current_epoch;
  m.SaveCritical();
  LogF(m, LogLevel::kWarning,
       "WARNING: configEpoch collision with node %s (%s). configEpoch set to %llu",
       other.id.str().c_str(), Name(other), static_cast<unsigned long long>(me->config_epoch));
}

}  // namespace windlass::cluster
