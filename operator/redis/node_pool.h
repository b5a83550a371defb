// NodePool: one connection per node, made on demand and kept.
#pragma once

#include <map>

#include "operator/redis/redis_admin.h"

namespace windlass::redis {

class NodePool {
 public:
  explicit NodePool(AdminOptions options) : options_(std::move(options)) {}

  const AdminOptions& options() const { return options_; }
  RedisAdmin& At(const Address& address) {
    return nodes_.try_emplace(address, address, options_).first->second;
  }
  // Closes the connection; the next use makes a new one.
  void Drop(const Address& address) { nodes_.erase(address); }

 private:
  AdminOptions options_;
  std::map<Address, RedisAdmin> nodes_;
};

}  // namespace windlass::redis
