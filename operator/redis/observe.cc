// See observe.h.
#include "operator/redis/observe.h"

#include "operator/redis/node_links.h"

namespace windlass::redis {

std::vector<topology::NodeReport> ObserveNodes(const std::vector<Address>& addresses, const ObserveOptions& options) {
  return NodeLinks(nullptr).Ask(addresses, options);
}

topology::ClusterView ObserveClusterFrom(const Address& seed, const ObserveOptions& options) {
  std::vector<topology::NodeReport> reports = ObserveNodes({seed}, options);
  if (!reports.front().ok()) throw base::Failure(reports.front().error);
  std::vector<Address> others;
  for (const topology::NodeLine& line : reports.front().nodes) {
    if (!line.myself && !line.handshake && !line.noaddr && !line.address.empty()) others.push_back(line.address);
  }
  for (topology::NodeReport& report : ObserveNodes(others, options)) reports.push_back(std::move(report));
  return topology::ClusterView(std::move(reports));
}

}  // namespace windlass::redis
