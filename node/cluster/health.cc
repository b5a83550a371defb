// Coverage and majority.
#include "node/cluster/health.h"

#include <algorithm>

namespace windlass::cluster {

namespace {
constexpr int64_t kWritableDelayMs = 2000;  // after a start, to hear of a successor first
constexpr int64_t kMinRejoinMs = 500;
constexpr int64_t kMaxRejoinMs = 5000;

int64_t RejoinMs(const Machine& m) { return std::clamp(m.options.node_timeout_ms, kMinRejoinMs, kMaxRejoinMs); }
}  // namespace

bool InTouch(const Machine& m) {
  int voters = 0;
  int heard = 0;
  for (const Node* node : m.nodes.all()) {
    if (!node->Votes()) continue;
    ++voters;
    heard += node->IsMyself() || (node->heard && !node->Has(kFlagFail | kFlagPfail)) ? 1 : 0;
  }
  const Health& h = m.health;
  if (heard < voters / 2 + 1 || m.now - h.first_check_ms < kWritableDelayMs) return false;
  return h.minority_ms == 0 || m.now - h.minority_ms >= RejoinMs(m);
}

void UpdateHealth(Machine& m) {
  Health& h = m.health;
  const Node* me = m.myself();
  bool ok = !(m.options.require_full_coverage && m.slots.assigned() != slot::kSlotCount);
  int reachable = 0;
  h.size = 0;
  for (const Node* node : m.nodes.all()) {
    if (!node->Votes()) {
      // A replica that failed owns nothing; a failed owner is a voter.
      continue;
    }
    ++h.size;
    if (!node->Has(kFlagFail | kFlagPfail)) ++reachable;
    if (node->Failed() && m.options.require_full_coverage) ok = false;
  }
  if (reachable < Quorum(m)) {
    ok = false;
    h.minority_ms = m.now;
  }
  if (m.probation.active) ok = false;
  if (ok == h.ok) return;
  if (ok && me->IsMaster()) {
    // A master that comes back gives others the time to tell it what changed.
    if (m.now - h.first_check_ms < kWritableDelayMs) return;
    if (h.minority_ms != 0 && m.now - h.minority_ms < RejoinMs(m)) return;
  }
  h.ok = ok;
  LogF(m, LogLevel::kWarning, "Cluster state changed: %s", ok ? "ok" : "fail");
  m.out.Push(StateChanged{ok});
  m.slots.Touch();
}

}  // namespace windlass::cluster
