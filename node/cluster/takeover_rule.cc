// See takeover_rule.h.
#include "node/cluster/takeover_rule.h"

#include <algorithm>

#include "node/cluster/send.h"

namespace windlass::cluster {

namespace {

constexpr int64_t kTellsPerTimeout = 8;
constexpr int64_t kWordHoldsFraction = 2;  // of a node timeout: what was heard counts for its half
constexpr int64_t kRefusalLogMs = 10000;
constexpr int64_t kAnswersMs = 1000;

// Replicas that may have acknowledged a write of `master`, this node apart. The shard
// counts too: whose master changed of late has acknowledged the old one's writes.
bool IsSibling(const Machine& m, const Node& node, const Node& master) {
  if (node.IsMyself() || &node == &master || node.InHandshake()) return false;
  return node.replica_of == &master || (node.IsReplica() && node.shard_id == m.myself()->shard_id);
}

// A failure that only nodes.conf tells of counts as long as somebody may go by what
// this node said before it was restarted.
bool SeenAsFailed(const Machine& m, const Node& master) {
  if (!master.Failed() || !master.fail_from_file) return master.Failed();
  return !m.hold.chose_master && m.now - master.fail_time_ms <= m.options.node_timeout_ms;
}

bool HeardFinal(const Machine& m, const Node& sibling, const Node& master) {
  return sibling.final_offset_ms != 0 && sibling.replica_of == &master && sibling.final_in_history == m.facts.history &&
         m.now - sibling.final_offset_ms <= m.options.node_timeout_ms / kWordHoldsFraction;
}

}  // namespace

void ReviewHold(Machine& m) {
  StreamHold& hold = m.hold;
  const Node* master = m.MyMaster();
  const bool wanted = master != nullptr && m.options.min_acks > 0;
  if (wanted && SeenAsFailed(m, *master)) {
    if (!hold.active || !(hold.master == master->id)) {
      LogF(m, LogLevel::kNotice, "My master failed: I take no more of its stream until that is settled.");
    }
    hold.active = true;
    hold.master = master->id;
    hold.last_failed_ms = m.now;
  } else if (hold.active) {
    const bool other_master = !wanted || !(hold.master == master->id);
    if (other_master || m.now - hold.last_failed_ms > m.options.node_timeout_ms) hold.active = false;
  }
}

bool OffsetIsFinal(const Machine& m) {
  const Node* master = m.MyMaster();
  return master != nullptr && master->Failed() && m.hold.active && m.hold.master == master->id &&
         m.facts.stream_held && m.facts.data_age_known && m.facts.history != 0;
}

void TickHold(Machine& m) {
  if (!OffsetIsFinal(m) || m.now - m.hold.last_told_ms < m.options.node_timeout_ms / kTellsPerTimeout) return;
  m.hold.last_told_ms = m.now;
  BroadcastPong(m, true);
}

void NoteFinalOffset(Machine& m, Node* sender, const Header& header) {
  const Node* master = m.MyMaster();
  const bool final_here = header.final_in_history != 0 && master != nullptr && header.replica_of == master->id;
  const bool was = sender->final_offset_ms != 0;
  sender->final_offset_ms = final_here ? m.now : 0;
  sender->final_in_history = header.final_in_history;
  m.check_election = m.check_election || (final_here && !was && m.options.min_acks > 0);
}

bool HoldsAllAnswered(Machine& m) {
  if (m.options.min_acks <= 0) return true;
  const Node* master = m.MyMaster();
  int replicas = 1;
  int heard = OffsetIsFinal(m) ? 1 : 0;
  bool outranked = false;
  for (const Node* node : m.nodes.all()) {
    if (!IsSibling(m, *node, *master)) continue;
    ++replicas;
    if (!HeardFinal(m, *node, *master)) continue;
    ++heard;
    outranked = outranked || node->replication_offset > m.facts.my_offset;
  }
  const int needed = std::max(1, replicas - m.options.min_acks + 1);
  if (OffsetIsFinal(m) && heard >= needed && !outranked) return true;
  const bool new_failure = m.now - master->fail_time_ms < kAnswersMs;  // siblings are about to speak
  if (!new_failure && m.now - m.election.last_refusal_log_ms >= kRefusalLogMs) {
    m.election.last_refusal_log_ms = m.now;
    LogF(m, LogLevel::kWarning,
         "Currently unable to failover: windlass-min-acks asks that the final offsets of %d of the shard's %d replicas "
         "are heard (%d are) and none is ahead of mine (%s).",
         needed, replicas, heard, outranked ? "one is" : "none is");
  }
  return false;
}

bool AckCounts(const Machine& m, const Node& replica) {
  return replica.IsReplica() && replica.replica_of == m.myself() &&
         (replica.shard_since_ms == 0 || m.now - replica.shard_since_ms > m.options.node_timeout_ms);
}

}  // namespace windlass::cluster
