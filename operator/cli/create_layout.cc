// The layout of a new cluster.
#include "operator/cli/create_layout.h"

#include <algorithm>
#include <deque>
#include <set>

#include "operator/topology/planner.h"

namespace windlass::cli {
namespace {

using topology::Address;

// One node of each host in turn, hosts in order of first appearance.
std::deque<Address> Interleave(const std::vector<Address>& nodes) {
  std::vector<std::deque<Address>> hosts;
  for (const Address& node : nodes) {
    const auto host = std::find_if(hosts.begin(), hosts.end(),
                                   [&node](const auto& h) { return h.front().host == node.host; });
    if (host == hosts.end()) {
      hosts.push_back({node});
    } else {
      host->push_back(node);
    }
  }
  std::deque<Address> order;
  while (order.size() < nodes.size()) {
    for (auto& host : hosts) {
      if (host.empty()) continue;
      order.push_back(host.front());
      host.pop_front();
    }
  }
  return order;
}

// 0: a host of its own; 1: shared with a sibling; 2: shared with the master.
int Closeness(const CreateLayout::Master& master, const Address& candidate) {
  if (candidate.host == master.address.host) return 2;
  for (const Address& replica : master.replicas) {
    if (replica.host == candidate.host) return 1;
  }
  return 0;
}

}  // namespace

base::Result<CreateLayout> PlanCreate(const std::vector<Address>& nodes, int replicas) {
  std::set<Address> seen;
  for (const Address& node : nodes) {
    if (!seen.insert(node).second) return base::Error{topology::ToString(node) + " is named twice"};
  }
  const int masters = static_cast<int>(nodes.size()) / (replicas + 1);
  if (masters < 3) {
    return base::Error{"Invalid configuration for cluster creation: Redis Cluster requires at least 3 master nodes. "
                       "This is not possible with " + std::to_string(nodes.size()) + " nodes and " +
                       std::to_string(replicas) + " replicas per node; at least " +
                       std::to_string(3 * (replicas + 1)) + " nodes are required"};
  }
  std::deque<Address> left = Interleave(nodes);
  CreateLayout layout;
  for (const slot::SlotRange& range : topology::EvenSplit(masters)) {
    layout.masters.push_back({left.front(), range, {}});
    left.pop_front();
  }
  for (size_t i = 0; !left.empty(); ++i) {
    CreateLayout::Master& master = layout.masters[i % layout.masters.size()];
    const auto best = std::min_element(left.begin(), left.end(), [&master](const Address& a, const Address& b) {
      return Closeness(master, a) < Closeness(master, b);
    });
    if (Closeness(master, *best) == 2) layout.shares_hosts = true;
    master.replicas.push_back(*best);
    left.erase(best);
  }
  return layout;
}

}  // namespace windlass::cli
