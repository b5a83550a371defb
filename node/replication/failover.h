// FAILOVER: outside cluster mode, a master hands its role to a replica of its own
// choice or the caller's. Writes are paused, a replica reaches the log's end, this
// server follows it and by that very PSYNC tells it to be the master.
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "node/base/log.h"
#include "node/base/result.h"
#include "node/net/event_loop.h"
#include "node/replication/primary_side.h"
#include "node/replication/replica_side.h"
#include "node/replication/replication_log.h"

namespace windlass::replication {

class Failover {
 public:
  struct Parts {
    net::EventLoop* loop;
    base::Logger* log;
    const ReplicationLog* history;
    PrimarySide* primary;
    ReplicaSide* replica;
    std::function<void()> pause_writes;  // until resume_writes
    std::function<void()> resume_writes;
    // Whom this server is configured to follow now; "" for nobody.
    std::function<void(const std::string& host_and_port)> configured_master;
  };
  struct Request {
    std::string host;  // empty: whichever replica is there first
    int port = 0;
    bool force = false;  // go on when time is up, though the replica lacks something
    int64_t timeout_ms = 0;  // 0: none
  };

  explicit Failover(Parts parts) : parts_(std::move(parts)) {}
  ~Failover();
  Failover(const Failover&) = delete;
  Failover& operator=(const Failover&) = delete;

  // An error is the reply's text, and nothing was done.
  base::Result<void> Start(Request request);
  // False: none is under way.
  bool Abort(std::string_view why);
  bool running() const { return state_ != State::kNone; }
  // As INFO names it.
  std::string_view StateWord() const;

 private:
  enum class State { kNone, kWaitForSync, kInProgress };

  base::Result<void> CheckTarget(const Request& request) const;
  void Tick();
  void HandOver(const std::string& host, int port);
  void End();

  Parts parts_;
  State state_ = State::kNone;
  Request request_;
  int64_t deadline_ms_ = 0;  // unix; 0: none
  net::TimerId timer_ = 0;
};

}  // namespace windlass::replication
