// What Kubernetes's controllers do behind the API: deletes objects whose owners
// have gone, carries foreground and orphan deletions through, empties dying
// namespaces and definitions, keeps budgets' status, gives each namespace its
// default service account.
#pragma once

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "operator/local/api_server/resource_api.h"

namespace windlass::api_server {

class Collector {
 public:
  explicit Collector(ResourceApi& api) : api_(api) {}
  ~Collector() { Stop(); }

  void Start();
  void Stop();

  // One pass over everything; true if it changed something, and so is worth
  // another. For Start()'s thread, and tests.
  bool Pass();

 private:
  using Tx = ResourceApi::Tx;
  // Resource and uid of every object there is.
  using Uids = std::set<std::pair<std::string, std::string>>;
  void Run();
  bool CollectOne(Tx& tx, const StoredObject& stored, const Uids& alive);
  bool FinishOwner(Tx& tx, const StoredObject& stored, const ObjectStore::Page& all);
  bool FinishNamespace(Tx& tx, const StoredObject& stored, const ObjectStore::Page& all);
  bool FinishDefinition(Tx& tx, const StoredObject& stored);
  bool UpdateBudget(Tx& tx, const StoredObject& stored);

  ResourceApi& api_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace windlass::api_server
