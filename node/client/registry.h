// Every connected client, by id. Does not own them: the server's sessions do.
#pragma once

#include <cstdint>
#include <map>

#include "node/client/client.h"

namespace windlass::client {

class Registry {
 public:
  uint64_t NextId() { return ++last_id_; }
  void Add(Client* client) { clients_.emplace(client->id, client); }
  void Remove(uint64_t id) { clients_.erase(id); }
  Client* Find(uint64_t id) const {
    const auto it = clients_.find(id);
    return it == clients_.end() ? nullptr : it->second;
  }
  size_t size() const { return clients_.size(); }
  // Ascending by id. The function may not add or remove clients.
  template <typename F>
  void ForEach(F&& f) const {
    for (const auto& [id, client] : clients_) f(*client);
  }

 private:
  uint64_t last_id_ = 0;
  std::map<uint64_t, Client*> clients_;
};

}  // namespace windlass::client
