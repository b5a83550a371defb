// Handing over to a replica before the end. See cluster_handover.h.
#include "node/server/cluster_handover.h"

#include <algorithm>
#include <utility>

#include "node/config/config.h"
#include "node/replication/primary_side.h"
#include "node/replication/replication_log.h"
#include "node/resp/command.h"

namespace windlass::server {
namespace {

constexpr int64_t kTickMs = 10;
// A replica this far behind catches up while writes are paused for it; one that
// is further behind is waited for first, for half of the time there is.
constexpr int64_t kCloseEnoughBytes = 1 << 20;
// How long a replica that said OK has to take over before it is asked again: the
// manual failover's own time limit and a little.
constexpr int64_t kTakeoverMs = 5500;
constexpr int64_t kRetryMs = 200;
// Clients whose commands are under way are still answered with redirections.
constexpr int64_t kLingerMs = 500;

}  // namespace

ClusterHandover::ClusterHandover(commands::Node* node, ClusterDriver* driver)
    : node_(node), driver_(driver) {}

ClusterHandover::~ClusterHandover() {
  *alive_ = false;
  if (timer_ != 0) node_->loop->Cancel(timer_);
}

// This shard's replicas that are online on both the bus and the replication
// stream, the one with most of it first.
std::vector<ClusterHandover::Candidate> ClusterHandover::Candidates() const {
  std::vector<Candidate> found;
  const auto streams = node_->primary_side->Report();
  for (const cluster::ShardEntry& shard : driver_->core().ShardsReport(node_->loop->NowMs())) {
    const bool mine = std::any_of(shard.nodes.begin(), shard.nodes.end(),
                                  [](const cluster::ShardNode& n) { return n.endpoint.myself; });
    if (!mine) continue;
    for (const cluster::ShardNode& node : shard.nodes) {
      if (node.master || node.endpoint.myself || std::string_view(node.health) == "fail") continue;
      for (const replication::ReplicaReport& stream : streams) {
        if (stream.state != replication::ReplicaState::kOnline ||
            stream.port != node.endpoint.address.port) {
          continue;
        }
        found.push_back({node.endpoint, stream.acked_offset});
        break;
      }
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
    return a.acked_offset > b.acked_offset;
  });
  return found;
}

bool ClusterHandover::Possible() const {
  return driver_->begun() && driver_->core().IsMaster() && !driver_->core().OwnSlots().empty() &&
         !Candidates().empty();
}

void ClusterHandover::Start(int64_t limit_ms, OnDone done) {
  done_ = std::move(done);
  limit_ms_ = limit_ms;
  begun_ms_ = node_->loop->NowMs();
  phase_since_ms_ = begun_ms_;
  phase_ = Phase::kChoose;
  refusals_ = 0;
  timer_ = node_->loop->Every(kTickMs, [this] { Tick(); });
}

void ClusterHandover::Tick() {
  const int64_t now_ms = node_->loop->NowMs();
  if (phase_ != Phase::kLinger && (!driver_->core().IsMaster() || driver_->core().OwnSlots().empty())) {
    node_->log->Notice("Slots were handed over to a replica, clients are redirected to it");
    DropConnection();
    phase_ = Phase::kLinger;
    phase_since_ms_ = now_ms;
    return;
  }
  if (phase_ == Phase::kLinger) {
    if (now_ms - phase_since_ms_ >= kLingerMs) Finish(true);
    return;
  }
  if (now_ms - begun_ms_ >= limit_ms_) {
    node_->log->Warning("No replica took over in the time there is, going on without");
    return Finish(false);
  }
  switch (phase_) {
    case Phase::kChoose:
      return Choose();
    case Phase::kAsk:
      if (now_ms - phase_since_ms_ > kTakeoverMs) Refused("it does not answer");
      return;
    case Phase::kWait:
      if (now_ms - phase_since_ms_ > kTakeoverMs) Refused("it did not take over");
      return;
    case Phase::kLinger:
      return;
  }
}

void ClusterHandover::Choose() {
  const int64_t now_ms = node_->loop->NowMs();
  if (refusals_ > 0 && now_ms - phase_since_ms_ < kRetryMs) return;
  const std::vector<Candidate> candidates = Candidates();
  if (candidates.empty()) {
    // A replica that is being synchronised may yet come online.
    if (now_ms - begun_ms_ < limit_ms_ / 2) return;
    return Finish(false);
  }
  const Candidate& chosen = candidates[static_cast<size_t>(refusals_) % candidates.size()];
  const int64_t behind = node_->repl_log->offset() - chosen.acked_offset;
  if (behind > kCloseEnoughBytes && now_ms - begun_ms_ < limit_ms_ / 2) return;
  Ask(chosen);
}

void ClusterHandover::Ask(const Candidate& candidate) {
  phase_ = Phase::kAsk;
  phase_since_ms_ = node_->loop->NowMs();
  net::ConnectOptions options;
  options.host = candidate.endpoint.address.ip;
  options.port = candidate.endpoint.address.port;
  options.timeout_ms = std::max<int64_t>(1, limit_ms_ / 4);
  asked_ = options.host + ":" + std::to_string(options.port);
  node_->log->Logf(base::LogLevel::kNotice, "Asking replica %s to take over before this master ends",
                   asked_.c_str());
  net::Connection::Connect(
      node_->loop, options,
      [this, alive = alive_, attempt = ++attempt_](base::Result<std::unique_ptr<net::Connection>> made) {
        if (!*alive || attempt != attempt_ || phase_ != Phase::kAsk) return;
        if (!made.ok()) return Refused(made.error());
        connection_ = std::move(*made);
        connection_->SetHandler(this);
        std::string out;
        replies_expected_ = 1;
        const std::string& password = node_->config->Text("masterauth");
        const std::string& user = node_->config->Text("masteruser");
        if (!password.empty()) {
          std::vector<std::string_view> auth{"AUTH"};
          if (!user.empty()) auth.push_back(user);
          auth.push_back(password);
          resp::EncodeCommand(auth, &out);
          ++replies_expected_;
        }
        const std::string_view failover[] = {"CLUSTER", "FAILOVER"};
        resp::EncodeCommand(failover, &out);
        connection_->Write(out);
      });
}

size_t ClusterHandover::OnBytes(net::Connection&, std::string_view bytes) {
  size_t used = 0;
  while (phase_ == Phase::kAsk) {
    const size_t end = bytes.find("\r\n", used);
    if (end == std::string_view::npos) break;
    const std::string_view line = bytes.substr(used, end - used);
    used = end + 2;
    if (line.empty() || line[0] != '+') {
      Refused(line.empty() ? "an empty answer" : line.substr(1));
    } else if (--replies_expected_ == 0) {
      phase_ = Phase::kWait;
      phase_since_ms_ = node_->loop->NowMs();
    }
  }
  return used;
}

void ClusterHandover::OnClosed(net::Connection&, std::string_view reason) {
  if (phase_ == Phase::kAsk) Refused(reason);
}

void ClusterHandover::Refused(std::string_view why) {
  node_->log->Logf(base::LogLevel::kWarning, "Replica %s did not take over: %.*s", asked_.c_str(),
                   static_cast<int>(why.size()), why.data());
  ++refusals_;
  phase_ = Phase::kChoose;
  phase_since_ms_ = node_->loop->NowMs();
  DropConnection();
}

void ClusterHandover::DropConnection() {
  if (connection_ == nullptr) return;
  connection_->SetHandler(nullptr);
  connection_->Close();
  node_->loop->DeleteLater(std::move(connection_));
}

void ClusterHandover::Finish(bool handed_over) {
  if (timer_ != 0) node_->loop->Cancel(timer_);
  timer_ = 0;
  DropConnection();
  const OnDone done = std::exchange(done_, nullptr);
  done(handed_over);
}

}  // namespace windlass::server
