// Client-side caching: who remembers which keys, and is told when they change.
//
// Without BCAST the keys a client reads are noted, and a change tells those who noted
// the key, once. With it a client is told of all keys with its prefixes, in one message
// a turn. Loop thread only.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "node/client/registry.h"
#include "node/client/tracking_state.h"
#include "node/commands/ports.h"
#include "node/keyspace/observers.h"

namespace windlass::server {

class Tracking final : public commands::Tracking, public keyspace::ChangeListener {
 public:
  // Changes are told on to `next`.
  Tracking(commands::Node* node, client::Registry* clients, keyspace::ChangeListener* next);

  // commands::Tracking
  void Begin(client::Client& client, const client::TrackingState& wanted) override;
  void End(client::Client& client) override;
  commands::TrackingCounts Counts() const override;

  bool active() const { return (clients_tracking_ | items_) != 0; }
  // The client's command read these keys.
  void Remember(client::Client& client, const std::vector<std::string_view>& keys);
  // The client whose command runs, or null: it is not told of its own changes with NOLOOP.
  // With BCAST that does not hold for what its script changes.
  void set_acting(client::Client* client, bool by_script) {
    acting_ = client;
    by_script_ = by_script;
    flush_told_ = false;
  }
  // Messages of the turn to those with BCAST; keys above tracking-table-max-keys go.
  void EndTurn();

  void AfterChange(keyspace::Database& db, slot::SlotId slot, std::string_view key) override;
  void AfterFlush(keyspace::Database& db) override;
  // Databases are not told apart here: a key of that name may have been noted in either.
  void AfterSwap(keyspace::Database& a, keyspace::Database& b) override { next_->AfterSwap(a, b); }

 private:
  struct Prefix {
    std::set<uint64_t> clients;
    std::map<std::string, uint64_t> changed;  // key to who changed it
  };

  void Invalidate(std::string_view key);
  void DropKey(std::unordered_map<std::string, std::set<uint64_t>>::iterator entry, bool by_limit);
  // null keys: everything.
  void Tell(client::Client& client, const std::vector<std::string_view>* keys);
  void Broadcast(Prefix& prefix);

  commands::Node* node_;
  client::Registry* registry_;
  keyspace::ChangeListener* next_;
  client::Client* acting_ = nullptr;
  bool by_script_ = false;
  bool flush_told_ = false;  // FLUSHALL is told once, not for each database
  size_t clients_tracking_ = 0;
  size_t items_ = 0;  // pairs of key and client
  std::unordered_map<std::string, std::set<uint64_t>> keys_;
  std::map<std::string, Prefix> prefixes_;
  const int64_t& max_keys_;
};

}  // namespace windlass::server
