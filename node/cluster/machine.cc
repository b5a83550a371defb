// The end of a turn, and taking a node out of every part of the state.
#include "node/cluster/machine.h"

#include <cstdio>

#include "node/cluster/election.h"
#include "node/cluster/health.h"
#include "node/cluster/manual_failover.h"
#include "node/cluster/reports_text.h"
#include "node/cluster/send.h"
#include "node/cluster/takeover_rule.h"

namespace windlass::cluster {

void LogF(Machine& m, LogLevel level, const char* format, ...) {
  char line[512];
  va_list args;
  va_start(args, format);
  std::vsnprintf(line, sizeof line, format, args);
  va_end(args);
  m.out.Push(Log{level, line});
}

namespace {

// Orders the role the state asks for, if it is not the one ordered last.
void OrderRole(Machine& m) {
  const Node* master = m.MyMaster();
  if (m.myself()->IsMaster()) {
    if (m.following) m.out.Push(BecomeMaster{});
    m.following = false;
    return;
  }
  if (master == nullptr) return;
  const bool same = m.following && m.followed == master->id &&
                    m.followed_address.ip == master->address.ip &&
                    m.followed_address.port == master->address.port;
  if (same) return;
  m.following = true;
  m.followed = master->id;
  m.followed_address = master->address;
  m.out.Push(FollowMaster{master->id, master->HasAddress() ? master->address.ip : std::string(),
                          master->address.port});
}

// After a change of role, which ends what was held.
void OrderHold(Machine& m) {
  if (m.hold.active == m.stream_held) return;
  m.stream_held = m.hold.active;
  m.out.Push(HoldStream{m.stream_held});
}

}  // namespace

Effects EndTurn(Machine& m) {
  if (m.check_manual) {
    m.check_manual = false;
    AdvanceManualFailover(m);
  }
  if (m.check_election) {
    m.check_election = false;
    AdvanceElection(m);
  }
  if (m.update_health) {
    m.update_health = false;
    UpdateHealth(m);
  }
  ReviewHold(m);
  OrderRole(m);
  OrderHold(m);
  Effects effects;
  if (m.save) {
    const std::string content = NodesConfText(m);
    effects = m.out.EndTurn(&content, m.save_critical);
  } else {
    effects = m.out.EndTurn(nullptr, false);
  }
  m.save = m.save_critical = false;
  return effects;
}

void DropNode(Machine& m, Node* node) {
  CloseLinks(m, node);
  m.slots.UnassignAll(node);
  m.slots.ReplaceOtherEnd(node, nullptr);
  if (m.manual.replica == node) ResetManualFailover(m);
  auto& votes = m.election.votes;
  votes.erase(std::remove(votes.begin(), votes.end(), node->index), votes.end());
  m.nodes.Remove(node);
  m.slots.Touch();
  m.SaveAndCheck();
}

}  // namespace windlass::cluster
