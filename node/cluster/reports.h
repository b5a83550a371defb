// What CLUSTER NODES, SLOTS, SHARDS, INFO, LINKS and REPLICAS tell, as values;
// the replies are written by node/commands.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "node/cluster/inputs.h"
#include "node/cluster/messages.h"
#include "node/slot/slot.h"

namespace windlass::cluster {

// What a redirection, CLUSTER SLOTS and CLUSTER SHARDS need of a node.
struct NodeEndpoint {
  NodeId id;
  Address address;
  std::string hostname;  // empty when none is announced
  bool myself = false;
};

// One entry of CLUSTER SLOTS: the owner first, then its replicas that are not failing.
struct SlotsEntry {
  slot::SlotRange range;
  std::vector<NodeEndpoint> nodes;
};

struct ShardNode {
  NodeEndpoint endpoint;
  bool master = false;
  int64_t replication_offset = 0;
  const char* health = "online";  // online | fail | loading
};
struct ShardEntry {
  NodeId shard_id;
  std::vector<slot::SlotRange> slots;
  std::vector<ShardNode> nodes;
};

struct InfoReport {
  bool state_ok = false;
  int slots_assigned = 0;
  int slots_ok = 0;
  int slots_pfail = 0;
  int slots_fail = 0;
  int known_nodes = 0;
  int size = 0;  // masters with slots
  uint64_t current_epoch = 0;
  uint64_t my_epoch = 0;
  uint64_t cluster_id = 0;  // 0: it has no name
  std::array<uint64_t, kMessageTypes> sent{};
  std::array<uint64_t, kMessageTypes> received{};
};

struct LinkReport {
  LinkId link;  // the driver adds what only it knows: buffers, events
  NodeId node;
  int64_t create_time_ms = 0;
};

}  // namespace windlass::cluster
