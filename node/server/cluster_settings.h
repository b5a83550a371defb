// The cluster's directives as the cluster core and the driver want them.
#pragma once

#include <cstdint>
#include <string>

#include "node/cluster/options.h"
#include "node/config/config.h"

namespace windlass::server {

cluster::Options ClusterOptionsFrom(const config::Config& config);

// Where the bus listens: cluster-port, or the client port + 10000.
int BusPortFrom(const config::Config& config);

// cluster-preferred-endpoint-type, by the numbers of the directive's enum.
enum class EndpointType { kIp = 0, kHostname = 1, kUnknown = 2 };
EndpointType EndpointTypeFrom(const config::Config& config);

// Every directive whose change at run time the driver must hear of.
extern const char* const kClusterDirectives[];
extern const int kClusterDirectiveCount;

}  // namespace windlass::server
