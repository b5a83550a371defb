// See lifecycle.h.
#include "node/server/lifecycle.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "node/config/config.h"
#include "node/client/registry.h"
#include "node/net/event_loop.h"
#include "node/server/durability.h"

namespace windlass::server {
namespace {

constexpr int64_t kPollMs = 10;
constexpr std::string_view kFailed = "ERR Errors trying to SHUTDOWN. Check logs.";

}  // namespace

NodeLifecycle::NodeLifecycle(commands::Node* node, Durability* durability, LastSteps last_steps)
    : node_(node), durability_(durability), last_steps_(std::move(last_steps)) {}

bool NodeLifecycle::ReplicasCaughtUp() const {
  bool all = true;
  node_->sessions->Clients().ForEach([this, &all](client::Client& client) {
    if (client.Has(client::kReplica) && !durability_->IsCaughtUp(client.id)) all = false;
  });
  return all;
}

base::Result<void> NodeLifecycle::Shutdown(const commands::ShutdownFlags& flags, uint64_t client_id) {
  flags_ = flags;
  node_->log->Warning("User requested shutdown...");
  const int64_t timeout_ms = node_->config->Int("shutdown-timeout") * 1000;
  const bool wait = !flags.now && timeout_ms > 0 && !node_->status.is_replica && node_->status.replicas > 0 &&
                    !node_->status.loading;
  if (!wait) return Finish();
  durability_->AskForAcks();
  const bool hand_over = flags.failover && handover_.possible && handover_.possible();
  if (!hand_over && ReplicasCaughtUp()) return Finish();
  // A handover pauses writes itself, as late as it can.
  if (!hand_over) node_->sessions->PauseForFailover(INT64_MAX / 2);
  if (client_id != 0) {
    waiting_clients_.push_back(client_id);
    if (client::Client* client = node_->sessions->Clients().Find(client_id)) {
      node_->blocker->Block(*client, 0, [](client::Client&, commands::WakeReason) {});
    }
  }
  if (waiting_) return {};
  waiting_ = true;
  deadline_ms_ = node_->loop->NowMs() + timeout_ms;
  node_->log->Notice("Waiting for replicas before shutting down.");
  timer_ = node_->loop->Every(kPollMs, [this] { Poll(); });
  if (hand_over && !handing_over_) {
    handing_over_ = true;
    handover_.start(timeout_ms, [this] {
      handing_over_ = false;
      if (waiting_ && !node_->status.is_replica) node_->sessions->PauseForFailover(INT64_MAX / 2);
    });
  }
  return {};
}


void NodeLifecycle::Poll() {
  const bool late = node_->loop->NowMs() >= deadline_ms_;
  if (!late && (handing_over_ || (!node_->status.is_replica && !ReplicasCaughtUp()))) return;
  if (late && !ReplicasCaughtUp()) node_->log->Warning("Lagging replicas when shutting down.");
  CancelWaiting();
  if (const auto ended = Finish(); !ended) Fail(ended.error());
}

void NodeLifecycle::CancelWaiting() {
  waiting_ = false;
  if (timer_ != 0) node_->loop->Cancel(timer_);
  timer_ = 0;
}

base::Result<void> NodeLifecycle::Finish() {
  const auto saved = durability_->SaveForShutdown(flags_);
  if (!saved && !flags_.force) {
    node_->log->Warning("Errors trying to shut down the server. Check the logs for more information.");
    return base::Error{std::string(kFailed)};
  }
  last_steps_();
  node_->log->Warning("Redis is now ready to exit, bye bye...");
  node_->loop->Stop();
  return {};
}

void NodeLifecycle::Fail(const std::string& error) {
  node_->sessions->UnpauseForFailover();
  std::vector<uint64_t> ids;
  ids.swap(waiting_clients_);
  for (const uint64_t id : ids) {
    if (client::Client* client = node_->sessions->Clients().Find(id)) {
      client->reply.Error(error);
      node_->blocker->Wake(id);
    }
  }
}

bool NodeLifecycle::AbortShutdown() {
  if (!waiting_) return false;
  CancelWaiting();
  node_->log->Notice("Shutdown manually aborted.");
  Fail(std::string(kFailed));
  return true;
}

void NodeLifecycle::Restart(int64_t delay_ms) {
  restart_wanted_ = true;
  node_->loop->After(std::max<int64_t>(0, delay_ms), [this] {
    if (!Finish()) restart_wanted_ = false;
  });
}

void NodeLifecycle::OnSignal(int number) {
  const bool term = number == SIGTERM;
  node_->log->Warning(term ? "Received SIGTERM scheduling shutdown..." : "Received SIGINT scheduling shutdown...");
  const int64_t mode = node_->config->Int(term ? "shutdown-on-sigterm" : "shutdown-on-sigint");
  commands::ShutdownFlags flags;
  flags.save = (mode & 1) != 0;
  flags.nosave = (mode & 2) != 0;
  flags.now = (mode & 4) != 0;
  flags.force = (mode & 8) != 0;
  flags.failover = true;
  if (const auto ended = Shutdown(flags, 0); !ended) {
    node_->log->Warning("SIGTERM received but errors trying to shut down the server, check the logs for more "
                        "information");
  }
}

}  // namespace windlass::server
