// MULTI, EXEC and WATCH: which clients watch which keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "node/client/client.h"
#include "node/commands/ports.h"
#include "node/keyspace/observers.h"

namespace windlass::commands {

// Told of every change by the keyspace; a change of a watched key dooms the EXEC
// of those who watch it.
class WatchTable final : public keyspace::ChangeListener {
 public:
  explicit WatchTable(client::Registry* clients) : clients_(clients) {}

  void Watch(client::Client& client, const keyspace::Database& db, std::string_view key, int64_t now_ms);
  void Unwatch(client::Client& client);
  // A key the client watches has expired since, though nobody has looked yet.
  bool AnyExpired(const client::Client& client, keyspace::Keyspace& keyspace, int64_t now_ms) const;
  // A command is about to flush the database, or to give it the keys of `successor`: which
  // watched keys that changes. AfterFlush of the same database then has nothing to add.
  void BeforeFlush(const keyspace::Database& db, const keyspace::Database* successor, int64_t now_ms);

  void AfterChange(keyspace::Database& db, slot::SlotId slot, std::string_view key) override;
  void AfterFlush(keyspace::Database& db) override;

 private:
  struct Watcher {
    uint64_t client_id;
    bool expired;  // the key was there but past its time, which is the same as absent
  };
  static std::string Id(int db, std::string_view key);
  void MarkChanged(const Watcher& watcher);

  client::Registry* clients_;
  std::unordered_map<std::string, std::vector<Watcher>> watchers_;  // by database and key
  std::vector<int> told_;  // databases whose AfterFlush is to come
};

// As DISCARD does: the queue and the watched keys are gone.
void ForgetTransaction(Node& node, client::Client& client);

}  // namespace windlass::commands
