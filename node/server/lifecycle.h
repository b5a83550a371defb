// How a node ends: SHUTDOWN, SIGTERM, SIGINT.
//
// With replicas attached it first holds writes back and gives the replicas up to
// shutdown-timeout to catch up; then data is saved as asked, and only if that
// succeeds (or force was said) the loop stops.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "node/commands/ports.h"

namespace windlass::server {

class Durability;

class NodeLifecycle final : public commands::Lifecycle {
 public:
  // What happens last, before the loop stops: sockets close, the pid file goes.
  using LastSteps = std::function<void()>;
  // Asked first on a signal: another node takes over, within a time limit, then
  // `done` is called. Unset: nobody can.
  struct Handover {
    std::function<bool()> possible;
    std::function<void(int64_t limit_ms, std::function<void()> done)> start;
  };

  NodeLifecycle(commands::Node* node, Durability* durability, LastSteps last_steps);

  void set_handover(Handover handover) { handover_ = std::move(handover); }

  base::Result<void> Shutdown(const commands::ShutdownFlags& flags, uint64_t client_id) override;
  bool AbortShutdown() override;
  void Restart(int64_t delay_ms) override;

  // SIGTERM or SIGINT arrived: as shutdown-on-sigterm and -sigint say.
  void OnSignal(int number);
  bool restart_wanted() const { return restart_wanted_; }
  int exit_code() const { return exit_code_; }

 private:
  bool ReplicasCaughtUp() const;
  void Poll();
  base::Result<void> Finish();
  void Fail(const std::string& error);
  void CancelWaiting();

  commands::Node* node_;
  Durability* durability_;
  LastSteps last_steps_;
  Handover handover_;
  bool waiting_ = false;
  bool handing_over_ = false;
  commands::ShutdownFlags flags_;
  int64_t deadline_ms_ = 0;
  uint64_t timer_ = 0;
  std::vector<uint64_t> waiting_clients_;
  bool restart_wanted_ = false;
  int exit_code_ = 0;
};

}  // namespace windlass::server
