// Failure reports and flags.
#include "node/cluster/failure_detector.h"

#include <algorithm>

#include "node/cluster/send.h"

namespace windlass::cluster {

namespace {
constexpr int64_t kReportValidity = 2;   // node timeouts
constexpr int64_t kFailUndoTimeouts = 2; // before a master that nobody replaced is taken back
}  // namespace

bool AddFailureReport(Machine& m, Node* node, Node* reporter) {
  for (FailureReport& report : node->reports) {
    if (report.reporter == reporter) {
      report.time_ms = m.now;
      return false;
    }
  }
  node->reports.push_back({reporter, m.now});
  return true;
}

bool RemoveFailureReport(Machine& m, Node* node, Node* reporter) {
  auto& reports = node->reports;
  const auto it = std::find_if(reports.begin(), reports.end(),
                               [reporter](const FailureReport& r) { return r.reporter == reporter; });
  if (it == reports.end()) return false;
  reports.erase(it);
  return true;
}

int CountFailureReports(Machine& m, Node* node) {
  if (node->reports.empty()) return 0;
  const int64_t oldest = m.now - kReportValidity * m.options.node_timeout_ms;
  auto& reports = node->reports;
  reports.erase(std::remove_if(reports.begin(), reports.end(),
                               [oldest](const FailureReport& r) { return r.time_ms < oldest; }),
                reports.end());
  return static_cast<int>(reports.size());
}

void MarkFailed(Machine& m, Node* node) {
  node->flags &= static_cast<uint16_t>(~kFlagPfail);
  node->flags |= kFlagFail;
  node->fail_time_ms = m.now;
  node->fail_from_file = false;
  ++m.to_report;
  m.check_election = m.check_election || node == m.MyMaster();
  m.SaveAndCheck();
}

void MarkFailingIfNeeded(Machine& m, Node* node) {
  // A FAIL of nodes.conf is waiting to be confirmed.
  if (node->Failed() ? !node->fail_from_file : !node->Suspected()) return;
  const int votes = CountFailureReports(m, node) + (m.myself()->IsMaster() ? 1 : 0);
  if (votes < Quorum(m)) return;
  if (node->Failed()) {
    node->fail_from_file = false;
    return;
  }
  LogF(m, LogLevel::kNotice, "Marking node %s (%s) as failing (quorum reached).",
       node->id.str().c_str(), Name(*node));
  MarkFailed(m, node);
  BroadcastFail(m, *node);
}

void MarkSuspected(Machine& m, Node* node) {
  LogF(m, LogLevel::kDebug, "*** NODE %s possibly failing", node->id.str().c_str());
  node->flags |= kFlagPfail;
  ++m.to_report;
  m.update_health = true;
  // The word of a voter is awaited by the others: it does not wait for the next heartbeat.
  m.tell_suspicion = m.tell_suspicion || (m.myself()->Votes() && node->Votes());
  // With a single voter nobody else will report: its own word is the majority.
  if (m.health.size == 1 && m.myself()->Votes()) MarkFailingIfNeeded(m, node);
}

void NoteReachable(Machine& m, Node* node) {
  if (node->Suspected()) {
    node->flags &= static_cast<uint16_t>(~kFlagPfail);
    m.SaveAndCheck();
    return;
  }
  if (!node->Failed()) return;
  const char* why = nullptr;
  if (node->IsReplica()) {
    why = "replica is reachable again.";
  } else if (node->slot_count == 0) {
    why = "master without slots is reachable again.";
  } else if (m.now - node->fail_time_ms > kFailUndoTimeouts * m.options.node_timeout_ms) {
    why = "is reachable again and nobody is serving its slots after some time.";
  }
  if (why == nullptr) return;
  LogF(m, LogLevel::kNotice, "Clear FAIL state for node %s (%s): %s", node->id.str().c_str(),
       Name(*node), why);
  node->flags &= static_cast<uint16_t>(~kFlagFail);
  m.SaveAndCheck();
}

}  // namespace windlass::cluster
