// Sends transfers to other nodes, each on a connection of its own, without
// holding up the loop. Connections are kept for the next transfer to the same
// address for a while, as a reshard sends thousands. A large value is made in steps, as
// the target takes it.
//
// Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "node/migration/transfer.h"
#include "node/net/event_loop.h"

namespace windlass::migration {

class Migrator {
 public:
  using OnDone = std::function<void(TransferOutcome)>;

  explicit Migrator(net::EventLoop* loop);
  ~Migrator();
  Migrator(const Migrator&) = delete;
  Migrator& operator=(const Migrator&) = delete;

  // Calls `done` exactly once, in a later turn, unless this object is destroyed
  // before. REQUIRES: transfer has items.
  void Start(Transfer transfer, OnDone done);
  size_t running() const { return sessions_.size(); }
  // While `may` says false, transfers that have ended are not told of: what follows
  // from them is a write.
  void SetMayTell(std::function<bool()> may) { may_tell_ = std::move(may); }
  // Counts what clients have asked for. While it grows, a large value is read in steps
  // with sleep between them; unset: one step a turn.
  void SetServed(std::function<uint64_t()> served) { served_ = std::move(served); }
  size_t idle_connections() const { return idle_.size(); }

 private:
  class Session;
  struct Idle;
  struct Ended;

  void Finish(Session* session);
  void Tell(std::shared_ptr<Ended> ended);
  void Keep(std::unique_ptr<Idle> connection);
  std::unique_ptr<Idle> TakeIdle(const std::string& address);
  void CloseIdle();

  net::EventLoop* loop_;
  std::map<Session*, std::unique_ptr<Session>> sessions_;
  std::list<std::unique_ptr<Idle>> idle_;  // oldest first
  net::TimerId cleanup_timer_;
  std::function<bool()> may_tell_;  // unset: always
  std::function<uint64_t()> served_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace windlass::migration
