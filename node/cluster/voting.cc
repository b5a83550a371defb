// The rules of the vote.
#include "node/cluster/voting.h"

#include "node/cluster/send.h"

namespace windlass::cluster {

namespace {

using ULL = unsigned long long;

void Deny(Machine& m, const Node& candidate, const std::string& why) {
  LogF(m, LogLevel::kWarning, "Failover auth denied to %s (%s): %s", candidate.id.str().c_str(),
       Name(candidate), why.c_str());
}

bool EpochFree(Machine& m, const Node& candidate, const Header& request) {
  if (request.current_epoch < m.current_epoch) {
    Deny(m, candidate, "reqEpoch (" + std::to_string(request.current_epoch) + ") < curEpoch(" +
                           std::to_string(m.current_epoch) + ")");
    return false;
  }
  if (m.last_vote_epoch >= m.current_epoch) {
    Deny(m, candidate, "already voted for epoch " + std::to_string(m.current_epoch));
    return false;
  }
  return true;
}

bool MasterReplaceable(Machine& m, const Node& candidate, bool forced) {
  const Node* master = candidate.replica_of;
  if (candidate.IsMaster()) {
    Deny(m, candidate, "it is a master node");
  } else if (master == nullptr) {
    Deny(m, candidate, "I don't know its master");
  } else if (!master->Failed() && !forced) {
    Deny(m, candidate, "its master is up");
  } else {
    const int64_t again_ms = master->voted_time_ms + 2 * m.options.node_timeout_ms - m.now;
    if (master->voted_time_ms == 0 || again_ms <= 0) return true;
    // Its sibling may have won by the vote that was given; it itself has not, for it asks again.
    if (master->voted_for == candidate.id) return true;
    Deny(m, candidate, "can't vote about this master before " + std::to_string(again_ms) + " milliseconds");
  }
  return false;
}

bool ClaimsNotStale(Machine& m, const Node& candidate, const Header& request) {
  for (int s = request.slots->Next(0); s >= 0; s = request.slots->Next(s + 1)) {
    const auto slot = static_cast<slot::SlotId>(s);
    const Node* owner = m.slots.Owner(slot);
    if (m.slots.Unclaimed(slot) || owner->config_epoch <= request.config_epoch) continue;
    Deny(m, candidate, "slot " + std::to_string(s) + " epoch (" + std::to_string(owner->config_epoch) +
                           ") > reqEpoch (" + std::to_string(request.config_epoch) + ")");
    return false;
  }
  return true;
}

}  // namespace

void ConsiderVote(Machine& m, Node* candidate, const Header& request) {
  if (!m.myself()->Votes()) return;
  const bool forced = (request.mflags & kMessageForceAck) != 0;
  if (!EpochFree(m, *candidate, request) || !MasterReplaceable(m, *candidate, forced) ||
      !ClaimsNotStale(m, *candidate, request)) {
    return;
  }
  candidate->replica_of->voted_time_ms = m.now;
  candidate->replica_of->voted_for = candidate->id;
  m.last_vote_epoch = m.current_epoch;
  m.SaveCritical();
  SendTo(m, candidate, NewMessage(m, MessageType::kFailoverAuthAck));
  LogF(m, LogLevel::kWarning, "Failover auth granted to %s (%s) for epoch %llu",
       candidate->id.str().c_str(), Name(*candidate), static_cast<ULL>(m.current_epoch));
}

}  // namespace windlass::cluster
