// Candidates: when to ask for votes, and what winning means.
#include "node/cluster/election.h"

#include <algorithm>

#include "node/cluster/manual_failover.h"
#include "node/cluster/roles.h"
#include "node/cluster/send.h"
#include "node/cluster/takeover_rule.h"

namespace windlass::cluster {

namespace {

// Voters need no time to hear of the failure: FAIL goes out before the request, on
// the same links. Siblings need it to tell each other their offsets, and not to collide.
constexpr int64_t kSiblingsDelayMs = 200;
constexpr uint64_t kRandomDelayMs = 300;
constexpr int64_t kRankDelayMs = 1000;
constexpr int64_t kTurnMs = 100;
constexpr int64_t kMinTimeoutMs = 2000;
constexpr int64_t kRefusalLogMs = 10000;
// A request or a vote may be lost, and voters give one vote an epoch: of two candidates of
// the same epoch, in two shards, one asks in vain. Both ask again, at times of their own.
constexpr int64_t kAskAgainMs = 500;
constexpr uint64_t kAskAgainSpreadMs = 250;
constexpr int kMostDoublings = 3;

bool Rivals(const Node* sibling) { return !sibling->IsMyself() && !sibling->Has(kFlagNoFailover); }

int Rank(const Machine& m) {
  const auto& siblings = m.MyMaster()->replicas;
  return static_cast<int>(std::count_if(siblings.begin(), siblings.end(), [&m](const Node* sibling) {
    return Rivals(sibling) && sibling->replication_offset > m.facts.my_offset;
  }));
}

// Replicas of masters that failed together take turns, for a voter has one vote an epoch.
int64_t WaitForTurn(const Machine& m) {
  const Node* master = m.MyMaster();
  const auto& nodes = m.nodes.all();
  return kTurnMs * std::count_if(nodes.begin(), nodes.end(), [master](const Node* node) {
    return node->IsMaster() && node->Failed() && node->slot_count > 0 && node->id < master->id;
  });
}

int64_t Delay(Machine& m, int rank) {
  const auto& siblings = m.MyMaster()->replicas;
  if (std::none_of(siblings.begin(), siblings.end(), Rivals)) return 0;
  return kSiblingsDelayMs + static_cast<int64_t>(m.random.Below(kRandomDelayMs)) + rank * kRankDelayMs;
}

// An election of another history's data, or of data too old, would lose writes.
bool DataFreshEnough(Machine& m) {
  int64_t age = m.facts.data_age_ms;
  const Options& o = m.options;
  if (m.facts.data_age_known) {
    if (age > o.node_timeout_ms) age -= o.node_timeout_ms;  // the time the failure takes to show
    const int64_t limit = o.repl_ping_period_ms + o.node_timeout_ms * o.replica_validity_factor;
    if (o.replica_validity_factor == 0 || age <= limit) return true;
  }
  if (m.now - m.election.last_refusal_log_ms >= kRefusalLogMs) {
    m.election.last_refusal_log_ms = m.now;
    LogF(m, LogLevel::kWarning,
         "Currently unable to failover: Disconnected from master for longer than allowed. Please "
         "check the 'cluster-replica-validity-factor' configuration option.");
  }
  return false;
}

bool MayStand(Machine& m, bool manual) {
  const Node* master = m.MyMaster();
  if (master == nullptr || master->slot_count == 0) return false;
  if (manual) return true;
  if (!master->Failed() || m.options.replica_no_failover) return false;
  return DataFreshEnough(m) && HoldsAllAnswered(m);
}

void Schedule(Machine& m, bool manual) {
  Election& e = m.election;
  e.requested = false;
  e.asks = 0;
  e.turn_ms = manual ? 0 : WaitForTurn(m);
  if (manual) {
    e.rank = 0;
    e.start_ms = m.now;
  } else {
    e.rank = Rank(m);
    e.start_ms = m.now + e.turn_ms + Delay(m, e.rank);
  }
  LogF(m, LogLevel::kWarning,
       "Start of election delayed for %lld milliseconds (rank #%d, offset %lld).",
       static_cast<long long>(e.start_ms - m.now), e.rank, static_cast<long long>(m.facts.my_offset));
  BroadcastPong(m, true);  // siblings rank themselves by our offset
}

void DelayIfOutranked(Machine& m) {
  Election& e = m.election;
  const int rank = Rank(m);
  if (rank <= e.rank) return;
  const int64_t added = (rank - e.rank) * kRankDelayMs;
  e.start_ms += added;
  e.rank = rank;
  LogF(m, LogLevel::kWarning, "Replica rank updated to #%d, added %lld milliseconds of delay.", rank,
       static_cast<long long>(added));
}

// All whose turn was before ours have been replaced: it is ours.
void BeginIfOthersAreDone(Machine& m) {
  Election& e = m.election;
  if (e.turn_ms == 0 || WaitForTurn(m) > 0) return;
  e.start_ms -= e.turn_ms;
  e.turn_ms = 0;
}

void RequestVotes(Machine& m) {
  Election& e = m.election;
  ++m.current_epoch;
  e.epoch = m.current_epoch;
  e.requested = true;
  e.votes.clear();
  e.ask_again_ms = m.now + (kAskAgainMs << std::min(e.asks, kMostDoublings)) +
                   static_cast<int64_t>(m.random.Below(kAskAgainSpreadMs));
  ++e.asks;
  m.SaveCritical();
  LogF(m, LogLevel::kWarning, "Starting a failover election for epoch %llu.",
       static_cast<unsigned long long>(e.epoch));
  if (const Node* master = m.MyMaster(); master->Failed()) BroadcastFail(m, *master);
  auto message = NewMessage(m, MessageType::kFailoverAuthRequest);
  if (m.manual.end_ms != 0) message->header.mflags |= kMessageForceAck;
  Broadcast(m, message);
}

void Win(Machine& m) {
  Election& e = m.election;
  LogF(m, LogLevel::kWarning, "Failover election won: I'm the new master.");
  Node* me = m.myself();
  if (me->config_epoch < e.epoch) {
    me->config_epoch = e.epoch;
    LogF(m, LogLevel::kWarning, "configEpoch set to %llu after successful failover",
         static_cast<unsigned long long>(e.epoch));
  }
  TakeMastersPlace(m);
}

}  // namespace

void AdvanceElection(Machine& m) {
  Election& e = m.election;
  const bool manual = m.manual.end_ms != 0 && m.manual.can_start;
  if (!MayStand(m, manual)) return;
  const int64_t timeout = std::max(2 * m.options.node_timeout_ms, kMinTimeoutMs);
  if (e.start_ms == 0 || m.now - e.start_ms > 2 * timeout) {
    Schedule(m, manual);
  }
  if (!e.requested && m.manual.end_ms == 0) {
    BeginIfOthersAreDone(m);
    DelayIfOutranked(m);
  }
  if (m.now < e.start_ms || m.now - e.start_ms > timeout) return;
  if (!e.requested) return RequestVotes(m);
  if (static_cast<int>(e.votes.size()) >= Quorum(m)) return Win(m);
  if (m.now >= e.ask_again_ms) RequestVotes(m);
}

void CountVote(Machine& m, Node* voter, const Header& header) {
  Election& e = m.election;
  if (!e.requested || !voter->Votes() || header.current_epoch < e.epoch) return;
  if (std::find(e.votes.begin(), e.votes.end(), voter->index) != e.votes.end()) return;
  e.votes.push_back(voter->index);
  m.check_election = true;
}

void TakeMastersPlace(Machine& m) {
  Node* me = m.myself();
  Node* old = m.MyMaster();
  if (old == nullptr) return;
  MakeMaster(m, me);
  const std::shared_ptr<const slot::SlotSet> slots = old->slots;
  slots->ForEach([&m, me](slot::SlotId slot) { m.slots.Assign(slot, me); });
  old->successor = me->id;
  me->successor = NodeId();
  m.taken_at_epoch = m.succeeded_at_epoch = me->config_epoch;
  m.election = Election{};
  m.SaveCritical();
  m.update_health = true;
  ResetManualFailover(m);
  BroadcastPong(m, false);
}

}  // namespace windlass::cluster
