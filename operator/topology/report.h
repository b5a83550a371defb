// What one node says: about itself, and about every node it knows.
//
// A report is evidence, not truth. It keeps who was asked, when, and whether an
// answer came at all: a node that could not be asked has `error` set and tells
// nothing, which is not the same as a node that says "nothing".
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/slot/slot.h"

namespace windlass::topology {

struct Address {
  std::string host;
  int port = 0;

  bool empty() const { return host.empty() || port == 0; }
  auto operator<=>(const Address&) const = default;
  bool operator==(const Address&) const = default;
};

// "10.0.0.1:6379"; an IPv6 host is printed as the bus prints it, unbracketed.
std::string ToString(const Address& address);
// The port is behind the last ':'. Absent if there is no valid port or no host.
std::optional<Address> ParseAddress(std::string_view text);

// One line of CLUSTER NODES: what the reporter says about one node.
struct NodeLine {
  std::string id;
  Address address;  // the reporter's own line may have no host: see ClusterView
  int bus_port = 0;
  std::string hostname;                          // empty if none is announced
  std::map<std::string, std::string> aux;        // shard-id and other aux fields, if shown
  bool myself = false;
  bool master = false;   // neither is set for a node in handshake
  bool replica = false;
  bool pfail = false;
  bool fail = false;
  bool handshake = false;
  bool noaddr = false;
  bool nofailover = false;
  std::string master_id;  // empty for a master
  int64_t ping_sent_ms = 0;      // Unix time, 0: no ping pending
  int64_t pong_received_ms = 0;  // Unix time, 0: never
  uint64_t config_epoch = 0;
  bool link_connected = false;
  std::vector<slot::SlotRange> slots;
  // Shown on the reporter's own line only: slot → the other node's id.
  std::map<slot::SlotId, std::string> migrating;
  std::map<slot::SlotId, std::string> importing;
};

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

  std::vector<NodeLine> nodes;                      // CLUSTER NODES
  std::map<std::string, std::string> cluster_info;  // CLUSTER INFO
  std::map<std::string, std::string> info;          // INFO, all sections asked for
  ReplicationReport replication;
  // Atomic slot migrations under way with this node as their source: to which ids.
  std::vector<std::string> exports_to;
  std::optional<int64_t> keys;  // DBSIZE; absent if it was refused (a node that loads)

  bool ok() const { return error.empty(); }
  const NodeLine* Myself() const;
  // A field of INFO; absent is absent, not zero.
  std::optional<std::string> Info(const std::string& field) const;
  std::optional<int64_t> InfoInt(const std::string& field) const;
  bool ClusterStateOk() const;       // cluster_state:ok
  bool Loading() const;
};

}  // namespace windlass::topology
