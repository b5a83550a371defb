// What the configuration says to the cluster core. Changed at run time through
// ClusterCore::SetOptions.
#pragma once

#include <cstdint>
#include <string>

#include "node/cluster/messages.h"

namespace windlass::cluster {

struct Options {
  int64_t node_timeout_ms = 15000;           // cluster-node-timeout
  int64_t repl_ping_period_ms = 10000;       // repl-ping-replica-period, in ms
  int replica_validity_factor = 10;          // cluster-replica-validity-factor; 0: data of any age
  int migration_barrier = 1;                 // cluster-migration-barrier
  bool allow_replica_migration = true;       // cluster-allow-replica-migration
  bool require_full_coverage = true;         // cluster-require-full-coverage
  bool allow_reads_when_down = false;        // cluster-allow-reads-when-down
  int min_acks = 0;                          // windlass-min-acks
  bool replica_no_failover = false;          // cluster-replica-no-failover
  int64_t manual_failover_timeout_ms = 5000; // writes pause for at most twice this
  uint64_t cluster_id = 0;                   // of windlass-cluster-id; 0: learnt from the others
  int64_t blacklist_ttl_ms = 60000;          // how long FORGET bans

  // What this node announces. An empty ip is learnt from the first MEET.
  Address announce;
  std::string hostname;                      // cluster-announce-hostname
  std::string human_nodename;                // cluster-announce-human-nodename
};

}  // namespace windlass::cluster
