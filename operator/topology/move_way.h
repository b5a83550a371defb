// How slots go from one master to another: as a whole by the servers themselves
// (CLUSTER MIGRATESLOTS), or key by key, driven from outside. The one place that
// decides it.
#pragma once

#include <string>

#include "operator/topology/cluster_view.h"

namespace windlass::topology {

struct MoveWay {
  bool atomic = false;
  std::string why;  // for the person: what of the servers allows it or does not
};

// Atomic needs both masters and all their replicas that answer to speak the same form
// of it: all Windlass, or all Valkey from 9 on. A replica that is silent is not asked
// about: a master refuses by itself while one is attached that does not know it.
MoveWay ChooseWay(const ClusterView& view, const std::string& from_id, const std::string& to_id);

bool KnowsAtomicMoves(const NodeReport& report);

// "windlass-node 0.9.0", "valkey-server 9.0.0", "redis-server 7.2.4", by INFO.
std::string ServerName(const NodeReport& report);

}  // namespace windlass::topology
