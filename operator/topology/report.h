// What one node says: about itself, and about every node it knows.
//
// A report is evidence, not truth. It keeps who was asked, when, and whether an
// answer came at all: a node that could not be asked has `error` set and tells
// nothing, which is not the same as a node that says "nothing".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "operator/topology/node_lines.h"

namespace windlass::topology {

// INFO replication and ROLE, as far as decisions need it.
struct ReplicationReport {
  bool master = true;
  std::string replication_id;  // master_replid
  // A master's end of stream, or how far a replica has applied it.
  int64_t offset = 0;
  // Of a replica:
  Address master_address;
  bool link_up = false;
  bool sync_in_progress = false;
  int64_t link_down_seconds = -1;  // -1: up, or never was
  // Of a master: replicas it feeds.
  struct Replica {
    Address address;
    std::string state;  // "online", "wait_bgsave", "send_bulk"
    int64_t offset = 0;
    int64_t lag_seconds = 0;
  };
  std::vector<Replica> replicas;
};

struct NodeReport {
  Address asked;               // where the question went
  int64_t observed_at_ms = 0;  // Unix time of the answer, or of giving up
  std::string error;           // not empty: no answer, and nothing below means anything

  NodeLines nodes;                                  // CLUSTER NODES
  std::map<std::string, std::string> cluster_info;  // CLUSTER INFO
  std::map<std::string, std::string> info;          // INFO, all sections asked for
  ReplicationReport replication;
  // Atomic slot migrations under way with this node as their source: to which ids.
  std::vector<std::string> exports_to;
  std::optional<int64_t> keys;  // DBSIZE; absent if it was refused (a node that loads)

  bool ok() const { return error.empty(); }
  const NodeLine* Myself() const { return nodes.Own(); }
  // A field of INFO; absent is absent, not zero.
  std::optional<std::string> Info(const std::string& field) const;
  std::optional<int64_t> InfoInt(const std::string& field) const;
  bool ClusterStateOk() const;       // cluster_state:ok
  bool Loading() const;
};

}  // namespace windlass::topology
