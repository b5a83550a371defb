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

  void Watch(client::Client& client, int db, std::string_view key);
  void Unwatch(client::Client& client);

  void AfterChange(keyspace::Database& db, slot::SlotId slot, std::string_view key) override;
  void AfterFlush(keyspace::Database& db) override;

 private:
  static std::string Id(int db, std::string_view key);

  client::Registry* clients_;
  std::unordered_map<std::string, std::vector<uint64_t>> watchers_;  // database and key to client ids
};

// As DISCARD does: the queue and the watched keys are gone.
void ForgetTransaction(Node& node, client::Client& client);

}  // namespace windlass::commands
