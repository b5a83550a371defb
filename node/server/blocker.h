// Clients that wait for something that is not a key. See commands::Blocker.
#pragma once

#include <cstdint>
#include <map>

#include "node/commands/ports.h"
#include "node/net/event_loop.h"

namespace windlass::server {

class SessionTable;

class ClientBlocker final : public commands::Blocker {
 public:
  ClientBlocker(net::EventLoop* loop, SessionTable* sessions);

  void Block(client::Client& client, int64_t deadline_ms, OnWake on_wake) override;
  void Wake(uint64_t client_id) override;
  void DisconnectAll() override;

  // CLIENT UNBLOCK. False: not blocked.
  bool Unblock(uint64_t client_id, bool with_error);
  size_t size() const { return waiting_.size(); }

 private:
  struct Waiting {
    client::Client* client;
    OnWake on_wake;
    net::TimerId timer = 0;
  };
  void End(uint64_t client_id, commands::WakeReason reason, std::string_view error);
  void OnGone(client::Client& client);

  net::EventLoop* loop_;
  std::map<uint64_t, Waiting> waiting_;
};

}  // namespace windlass::server
