// Before a master ends on SIGTERM it hands its slots to a replica that has caught
// up, so that its clients see redirections and nothing else.
//
// The replica, which may be a redis-server, is told CLUSTER FAILOVER by a client
// connection; the manual failover that follows is the ordinary one: it asks this
// node to pause writes, catches up, is elected and claims the slots. Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "node/cluster/reports.h"
#include "node/commands/ports.h"
#include "node/net/connection.h"
#include "node/net/event_loop.h"
#include "node/server/cluster_driver.h"

namespace windlass::server {

class ClusterHandover final : public net::ByteHandler {
 public:
  using OnDone = std::function<void(bool handed_over)>;

  ClusterHandover(commands::Node* node, ClusterDriver* driver);
  ~ClusterHandover() override;

  // Whether this node is a master with slots and a replica to give them to.
  bool Possible() const;
  // Calls `done` once, in a later turn, after at most about `limit_ms`.
  // REQUIRES: none is under way.
  void Start(int64_t limit_ms, OnDone done);
  bool running() const { return done_ != nullptr; }

 private:
  enum class Phase { kChoose, kAsk, kWait, kLinger };
  struct Candidate {
    cluster::NodeEndpoint endpoint;
    int64_t acked_offset = -1;
  };

  std::vector<Candidate> Candidates() const;
  void Tick();
  void Choose();
  void Ask(const Candidate& candidate);
  void Refused(std::string_view why);
  void Finish(bool handed_over);
  void DropConnection();

  size_t OnBytes(net::Connection& from, std::string_view bytes) override;
  void OnClosed(net::Connection&, std::string_view reason) override;

  commands::Node* node_;
  ClusterDriver* driver_;
  OnDone done_;
  Phase phase_ = Phase::kChoose;
  net::TimerId timer_ = 0;
  int64_t begun_ms_ = 0;
  int64_t limit_ms_ = 0;
  int64_t phase_since_ms_ = 0;
  int refusals_ = 0;          // the next candidate is tried after each
  uint64_t attempt_ = 0;      // an answer to an older connect is dropped
  int replies_expected_ = 0;  // AUTH if any, then CLUSTER FAILOVER
  std::string asked_;         // "ip:port" of the replica being asked
  std::unique_ptr<net::Connection> connection_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace windlass::server
