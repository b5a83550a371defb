// Keeps the queues of clients that wait for keys, and serves them when a command
// has made a key ready. See commands::KeyWaits.
//
// A key is ready when it changed and holds a value of the type its first waiter
// wants. Keys are served in the order in which they became ready, after the whole
// command (or EXEC) that made them so.
#pragma once

#include <cstdint>
#include <list>
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

  void Wait(commands::Call& call, std::span<const std::string_view> keys, types::Type type, int64_t deadline_ms) override;
  void ServeReady() override;
  bool has_ready() const { return !ready_.empty(); }
  size_t waiting_clients() const { return waits_.size(); }
  size_t waited_keys() const { return by_key_.size(); }

  void AfterChange(keyspace::Database& db, slot::SlotId slot, std::string_view key) override;
  void AfterFlush(keyspace::Database& db) override;

 private:
  using Key = std::pair<int, std::string>;  // database and name
  struct ClientWait {
    std::vector<Key> keys;
    types::Type type;
    std::vector<std::string> command;
  };

  // The client that is to be served with this key now, or 0.
  uint64_t FirstFor(const Key& key) const;
  void Forget(uint64_t client_id);

  commands::Node* node_;
  keyspace::ChangeListener* next_;
  std::map<uint64_t, ClientWait> waits_;           // by client id
  std::map<Key, std::list<uint64_t>> by_key_;      // the longest wait first
  std::vector<Key> ready_;
  bool serving_ = false;
};

}  // namespace windlass::server
