// Both sides of a manual failover.
#include "node/cluster/manual_failover.h"

#include "node/cluster/election.h"
#include "node/cluster/epochs.h"
#include "node/cluster/send.h"

namespace windlass::cluster {

namespace {
constexpr int64_t kAskAgainMs = 500;
constexpr int kPauseMult = 2;  // writes pause for longer than the failover may take

base::Error Err(std::string text) { return base::Error{std::move(text)}; }

void AskToPause(Machine& m) {
  m.manual.asked_ms = m.now;
  SendTo(m, m.MyMaster(), NewMessage(m, MessageType::kMfStart));
}
}  // namespace

base::Result<std::string> StartManualFailover(Machine& m, FailoverCommand::Kind kind) {
  using Kind = FailoverCommand::Kind;
  const Node* master = m.MyMaster();
  if (m.myself()->IsMaster()) return Err("ERR You should send CLUSTER FAILOVER to a replica");
  if (master == nullptr) return Err("ERR I'm a replica but my master is unknown to me");
  if (kind == Kind::kDefault && (master->Failed() || !master->outbound_up)) {
    return Err("ERR Master is down or failed, please use CLUSTER FAILOVER FORCE");
  }
  // One that is under way and no weaker goes on: starting over would throw away
  // the votes that are on their way.
  const bool voting = m.manual.end_ms != 0 && m.manual.can_start && m.election.requested;
  if (voting && kind != Kind::kTakeover) return std::string("OK");
  if (m.manual.end_ms != 0 && !m.manual.can_start && kind == Kind::kDefault) {
    // Asked again while the master's word is waited for, which may have been lost.
    if (m.manual.master_offset == -1) AskToPause(m);
    return std::string("OK");
  }
  ResetManualFailover(m);
  m.election = Election{};
  m.manual.end_ms = m.now + m.options.manual_failover_timeout_ms;
  if (kind == Kind::kTakeover) {
    LogF(m, LogLevel::kWarning, "Taking over the master (user request).");
    BumpEpochAlone(m);
    TakeMastersPlace(m);
  } else if (kind == Kind::kForce) {
    LogF(m, LogLevel::kWarning, "Forced failover user request accepted.");
    m.manual.can_start = true;
    m.check_election = true;
  } else {
    LogF(m, LogLevel::kWarning, "Manual failover user request accepted.");
    AskToPause(m);
  }
  return std::string("OK");
}

void HandleMfStart(Machine& m, Node* replica, LinkId link) {
  if (!m.myself()->IsMaster() || replica->replica_of != m.myself()) return;
  if (m.manual.replica == replica) return;  // it asks again: writes are paused already
  ResetManualFailover(m);
  m.manual.end_ms = m.now + m.options.manual_failover_timeout_ms;
  m.manual.replica = replica;
  m.out.Push(PauseWrites{m.now + kPauseMult * m.options.manual_failover_timeout_ms});
  LogF(m, LogLevel::kWarning, "Manual failover requested by replica %s (%s).",
       replica->id.str().c_str(), Name(*replica));
  // The offset goes out once the writers have stopped: the one known now may be
  // older than a write already under way.
}

void NotePausedOffset(Machine& m) {
  Node* replica = m.manual.replica;
  if (replica == nullptr || m.manual.paused_offset == m.facts.my_offset) return;
  m.manual.paused_offset = m.facts.my_offset;
  // And again at every tick, should this one be lost.
  if (replica->outbound_up) SendPing(m, replica, MessageType::kPing);
}

void NotePausedMaster(Machine& m, const Node& sender, const Header& header) {
  if (m.manual.end_ms == 0 || m.MyMaster() != &sender) return;
  // What carries no data may still lengthen its stream, and this replica run past an end
  // that it was told before; two links do not keep the order of what they carry.
  if ((header.mflags & kMessagePaused) == 0 || m.manual.can_start) return;
  if (sender.replication_offset <= m.manual.master_offset) return;
  m.manual.master_offset = sender.replication_offset;
  m.check_manual = true;
  LogF(m, LogLevel::kWarning, "Received replication offset for paused master manual failover: %lld",
       static_cast<long long>(m.manual.master_offset));
}

void AdvanceManualFailover(Machine& m) {
  ManualFailover& manual = m.manual;
  if (manual.end_ms == 0 || manual.can_start || m.MyMaster() == nullptr) return;
  if (manual.master_offset == -1) {
    // It heeds none whom it does not know yet as its replica.
    if (m.now - manual.asked_ms >= kAskAgainMs) AskToPause(m);
    return;
  }
  if (manual.master_offset != m.facts.my_offset) return;
  manual.can_start = true;
  m.check_election = true;
  LogF(m, LogLevel::kWarning, "All master replication stream processed, manual failover can start.");
}

void ExpireManualFailover(Machine& m) {
  if (m.manual.end_ms == 0 || m.manual.end_ms > m.now) return;
  LogF(m, LogLevel::kWarning, "Manual failover timed out.");
  ResetManualFailover(m);
}

void ResetManualFailover(Machine& m) {
  if (m.manual.replica != nullptr) m.out.Push(UnpauseWrites{});
  m.manual = ManualFailover{};
}

}  // namespace windlass::cluster
