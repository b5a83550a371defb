// The cluster's directives as the cluster core and the driver want them.
#include "node/server/cluster_settings.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

namespace windlass::server {
namespace {

// redis.conf: without cluster-port the bus is this much above the client port.
constexpr int kBusPortDistance = 10000;

uint16_t Port(int64_t value) { return static_cast<uint16_t>(value); }

}  // namespace

const char* const kClusterDirectives[] = {
    "cluster-node-timeout",
    "cluster-migration-barrier",
    "cluster-replica-validity-factor",
    "cluster-replica-no-failover",
    "cluster-require-full-coverage",
    "cluster-allow-reads-when-down",
    "cluster-allow-replica-migration",
    "cluster-announce-ip",
    "cluster-announce-port",
    "cluster-announce-bus-port",
    "cluster-announce-hostname",
    "cluster-announce-human-nodename",
    "repl-ping-replica-period",
    "windlass-min-acks",
    "windlass-cluster-id",
};
const int kClusterDirectiveCount =
    static_cast<int>(sizeof kClusterDirectives / sizeof kClusterDirectives[0]);

int BusPortFrom(const config::Config& config) {
  const int64_t port = config.Int("cluster-port");
  return static_cast<int>(port != 0 ? port : config.Int("port") + kBusPortDistance);
}

EndpointType EndpointTypeFrom(const config::Config& config) {
  return static_cast<EndpointType>(config.Int("cluster-preferred-endpoint-type"));
}

uint64_t ClusterIdFrom(std::string_view name) {
  // The same name must give the same number on every machine and in every release.
  return name.empty() ? 0 : std::max<uint64_t>(1, XXH3_64bits(name.data(), name.size()));
}

cluster::Options ClusterOptionsFrom(const config::Config& config) {
  cluster::Options options;
  options.node_timeout_ms = config.Int("cluster-node-timeout");
  options.repl_ping_period_ms = config.Int("repl-ping-replica-period") * 1000;
  options.replica_validity_factor = static_cast<int>(config.Int("cluster-replica-validity-factor"));
  options.migration_barrier = static_cast<int>(config.Int("cluster-migration-barrier"));
  options.allow_replica_migration = config.Bool("cluster-allow-replica-migration");
  options.require_full_coverage = config.Bool("cluster-require-full-coverage");
  options.allow_reads_when_down = config.Bool("cluster-allow-reads-when-down");
  options.min_acks = static_cast<int>(config.Int("windlass-min-acks"));
  options.cluster_id = ClusterIdFrom(config.Text("windlass-cluster-id"));
  options.replica_no_failover = config.Bool("cluster-replica-no-failover");
  options.hostname = config.Text("cluster-announce-hostname");
  options.human_nodename = config.Text("cluster-announce-human-nodename");

  options.announce.ip = config.Text("cluster-announce-ip");
  const int64_t port = config.Int("cluster-announce-port");
  options.announce.port = Port(port != 0 ? port : config.Int("port"));
  const int64_t bus_port = config.Int("cluster-announce-bus-port");
  options.announce.bus_port = Port(bus_port != 0 ? bus_port : BusPortFrom(config));
  return options;
}

}  // namespace windlass::server
