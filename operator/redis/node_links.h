// NodeLinks: connections to the nodes of one cluster, kept from look to look, and asked by
// one thread that waits for all of them.
//
// A connection goes when its node is not asked any more, when other credentials are to be
// used, after an error, and when it is old. Not thread-safe: one look at a time.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <vector>

#include "operator/redis/conversation.h"
#include "operator/redis/observe.h"

namespace windlass::redis {

// How many connections a process may keep: a node must not seem silent because there is no
// file descriptor left to ask it with. Thread-safe.
class LinkBudget {
 public:
  explicit LinkBudget(size_t most) : most_(most) {}
  // Half of the files that this process may have open.
  static size_t OfThisProcess();

  bool Take();
  void Give() { --taken_; }

 private:
  const size_t most_;
  std::atomic<size_t> taken_{0};
};

class NodeLinks {
 public:
  // Null: nothing is kept. The budget must outlive this.
  explicit NodeLinks(LinkBudget* budget) : budget_(budget) {}
  ~NodeLinks();
  NodeLinks(const NodeLinks&) = delete;
  NodeLinks& operator=(const NodeLinks&) = delete;

  // As ObserveNodes. A node that hangs holds up no other.
  std::vector<topology::NodeReport> Ask(const std::vector<Address>& addresses, const ObserveOptions& options);
  // How many connections there are between looks.
  size_t kept() const { return links_.size(); }

 private:
  using Link = std::unique_ptr<Conversation>;

  Link Take(const Address& address);
  void Keep(const Address& address, Link link);
  void DropAll();

  LinkBudget* const budget_;
  Credentials credentials_, earlier_;  // of those that are kept
  std::map<Address, Link> links_;
};

}  // namespace windlass::redis
