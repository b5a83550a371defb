// See failover.h. Log lines are in the words that tools look for.
#include "node/replication/failover.h"

#include <utility>

namespace windlass::replication {
namespace {

constexpr int64_t kTickMs = 10;

}  // namespace

Failover::~Failover() {
  if (timer_ != 0) parts_.loop->Cancel(timer_);
}

std::string_view Failover::StateWord() const {
  switch (state_) {
    case State::kNone: return "no-failover";
    case State::kWaitForSync: return "waiting-for-sync";
    case State::kInProgress: return "failover-in-progress";
  }
  return "unknown";
}

base::Result<void> Failover::CheckTarget(const Request& request) const {
  const std::vector<ReplicaReport> replicas = parts_.primary->Report();
  if (replicas.empty()) return base::Error{"ERR FAILOVER requires connected replicas."};
  if (request.force && (request.host.empty() || request.timeout_ms == 0)) {
    return base::Error{"ERR FAILOVER with force option requires both a timeout and target HOST and IP."};
  }
  if (request.host.empty()) return {};
  for (const ReplicaReport& replica : replicas) {
    if (replica.ip != request.host || replica.port != request.port) continue;
    if (replica.state == ReplicaState::kOnline) return {};
    return base::Error{"ERR FAILOVER target replica is not online."};
  }
  return base::Error{"ERR FAILOVER target HOST and PORT is not a replica."};
}

base::Result<void> Failover::Start(Request request) {
  if (running()) return base::Error{"ERR FAILOVER already in progress."};
  if (parts_.replica->following()) return base::Error{"ERR FAILOVER is not valid when server is a replica."};
  if (auto checked = CheckTarget(request); !checked.ok()) return checked;
  request_ = std::move(request);
  if (request_.host.empty()) {
    parts_.log->Notice("FAILOVER requested to any replica.");
  } else {
    parts_.log->Notice("FAILOVER requested to " + request_.host + ":" + std::to_string(request_.port) + ".");
  }
  deadline_ms_ = request_.timeout_ms > 0 ? parts_.loop->NowMs() + request_.timeout_ms : 0;
  state_ = State::kWaitForSync;
  parts_.pause_writes();
  if (parts_.primary->AckedBy(parts_.history->offset()) == 0) parts_.primary->WantAcks();
  timer_ = parts_.loop->Every(kTickMs, [this] { Tick(); });
  return {};
}

void Failover::Tick() {
  if (state_ != State::kWaitForSync) return;
  for (const ReplicaReport& replica : parts_.primary->Report()) {
    if (replica.state != ReplicaState::kOnline || replica.acked_offset < parts_.history->offset()) continue;
    if (!request_.host.empty() && (replica.ip != request_.host || replica.port != request_.port)) continue;
    parts_.log->Notice("Failover target " + replica.ip + ":" + std::to_string(replica.port) + " is synced, failing over.");
    return HandOver(replica.ip, replica.port);
  }
  if (deadline_ms_ == 0 || parts_.loop->NowMs() < deadline_ms_) return;
  if (!request_.force) {
    (void)Abort("Replica never caught up before timeout");
    return;
  }
  parts_.log->Notice("FAILOVER to " + request_.host + ":" + std::to_string(request_.port) + " time out exceeded, failing over.");
  HandOver(request_.host, request_.port);
}

void Failover::HandOver(const std::string& host, int port) {
  request_.host = host;
  request_.port = port;
  state_ = State::kInProgress;
  parts_.configured_master(host + " " + std::to_string(port));
  parts_.replica->FollowSuccessor(host, port, [this](bool accepted) {
    if (accepted) return End();
    (void)Abort("Failover target rejected psync request");
  });
}

bool Failover::Abort(std::string_view why) {
  if (!running()) return false;
  const std::string target =
      request_.host.empty() ? "any replica" : request_.host + ":" + std::to_string(request_.port);
  parts_.log->Notice("FAILOVER to " + target + " aborted: " + std::string(why));
  const bool had_followed = state_ == State::kInProgress;
  End();
  if (had_followed) {
    parts_.configured_master("");
    parts_.replica->StopFollowing();
  }
  return true;
}

void Failover::End() {
  state_ = State::kNone;
  if (timer_ != 0) parts_.loop->Cancel(timer_);
  timer_ = 0;
  parts_.resume_writes();
}

}  // namespace windlass::replication
