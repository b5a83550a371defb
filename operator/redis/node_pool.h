// NodePool: connections to nodes, made on demand and kept. One per node, but where
// several commands of one node are to be waited for at once.
#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include "operator/redis/redis_admin.h"

namespace windlass::redis {

class NodePool {
 public:
  explicit NodePool(AdminOptions options) : options_(std::move(options)) {}

  const AdminOptions& options() const { return options_; }
  RedisAdmin& At(const Address& address, size_t lane = 0) {
    return nodes_.try_emplace({address, lane}, address, options_).first->second;
  }

 private:
  AdminOptions options_;
  std::map<std::pair<Address, size_t>, RedisAdmin> nodes_;
};

}  // namespace windlass::redis
