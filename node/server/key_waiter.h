// Keeps the queues of clients that wait for keys, and serves them when a command
// has made a key ready. See commands::KeyWaits.
//
// A key is ready when it changed. Each client that waits for it is tried once then,
// if the key holds a value of the type it wants. Keys are served in the order in which they became ready, after the whole
// command (or EXEC) that made them so.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/commands/key_waits.h"
#include "node/commands/ports.h"
#include "node/keyspace/observers.h"

namespace windlass::server {

class KeyWaiter final : public commands::KeyWaits, public keyspace::ChangeListener {
 public:
  // Changes are told on to `next`.
  KeyWaiter(commands::Node* node, keyspace::ChangeListener* next) : node_(node), next_(next) {}

  void Wait(commands::Call& call, const commands::KeyWait& wait) override;
  void MarkReady(int db, std::string_view key) override;
  bool Waits(const client::Client& client) const override { return waits_.count(client.id) > 0; }
  void ServeReady() override;
  void Redirect(const slot::SlotSet& slots) override;
  bool has_ready() const { return !ready_.empty(); }
  size_t waiting_clients() const { return waits_.size(); }
  size_t waited_keys() const { return by_key_.size(); }

  void AfterChange(keyspace::Database& db, slot::SlotId slot, std::string_view key) override;
  void AfterFlush(keyspace::Database& db) override;
  void AfterSwap(keyspace::Database& a, keyspace::Database& b) override;

 private:
  using Key = std::pair<int, std::string>;  // database and name
  using Ticket = uint64_t;              // grows with each wait
  using Queue = std::map<Ticket, uint64_t>;  // clients, the longest wait first
  struct ClientWait {
    std::vector<Key> keys;
    types::Type type;
    int64_t deadline_ms;
    bool also_if_gone;
    std::vector<std::string> command;
    const commands::CommandSpec* spec;
    Ticket ticket;
  };

  // The first client with a ticket in (after, last] that is to be tried with this key
  // now; null: none.
  const Queue::value_type* NextFor(const Key& key, Ticket after, Ticket last) const;
  void Forget(uint64_t client_id, const ClientWait& wait);
  void MarkAllReady(const keyspace::Database& db);
  void TryAgain(client::Client& client, const ClientWait& wait);
  // True: the keys are served elsewhere, and the client was told.
  bool Redirected(client::Client& client, const ClientWait& wait) const;

  commands::Node* node_;
  keyspace::ChangeListener* next_;
  std::map<uint64_t, ClientWait> waits_;           // by client id
  std::map<Key, Queue> by_key_;
  Ticket last_ticket_ = 0;
  const ClientWait* tried_again_ = nullptr;  // whose command is being executed
  std::vector<Key> ready_;
  bool serving_ = false;
};

}  // namespace windlass::server
