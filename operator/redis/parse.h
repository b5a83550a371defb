// Reads what nodes answer: CLUSTER NODES, CLUSTER INFO, INFO.
//
// Strict where a decision hangs on it (a line of CLUSTER NODES that cannot be
// understood fails the whole reply, named by its number), open where peers
// differ (unknown flags, unknown aux fields, unknown INFO fields are kept or
// passed over).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.h"
#include "operator/topology/report.h"

namespace windlass::redis {

base::Result<std::vector<topology::NodeLine>> ParseClusterNodes(std::string_view text);
base::Result<topology::NodeLine> ParseClusterNodesLine(std::string_view line);

// "name:value" lines; comments and blank lines are passed over.
std::map<std::string, std::string> ParseInfo(std::string_view text);

// "a=1,b=2", as in "db0:" and "slave0:".
std::map<std::string, std::string> ParseInfoValue(std::string_view text);

topology::ReplicationReport ParseReplication(const std::map<std::string, std::string>& info);

}  // namespace windlass::redis
