// Who becomes master and who replicates whom in a new cluster: pure.
#pragma once

#include <vector>

#include "node/base/result.h"
#include "node/slot/slot.h"
#include "operator/topology/report.h"

namespace windlass::cli {

struct CreateLayout {
  struct Master {
    topology::Address address;
    slot::SlotRange slots;
    std::vector<topology::Address> replicas;
  };
  std::vector<Master> masters;
  bool shares_hosts = false;  // some replica lives on its master's host
};

// Masters are spread over the hosts; a replica avoids its master's host and the
// hosts of its master's other replicas where it can. Nodes left over when the
// division does not come out even become one more replica each.
// Error: fewer than 3 masters would result, or an address repeats.
base::Result<CreateLayout> PlanCreate(const std::vector<topology::Address>& nodes, int replicas);

}  // namespace windlass::cli
