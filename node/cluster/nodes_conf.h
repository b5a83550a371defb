// nodes.conf: what a node remembers of its cluster across restarts.
//
// One line per node and a last line of epochs. What Redis 7.0 and 7.2 write can
// be read; what is written is 7.2's form, with no field name that 7.2 lacks (it
// refuses to start on one).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.h"
#include "node/cluster/messages.h"
#include "node/cluster/node_id.h"

namespace windlass::cluster {

struct NodesConf {
  struct OpenSlot {
    slot::SlotId slot = 0;
    bool importing = false;  // from `other`, else migrating to it
    NodeId other;
  };
  struct Node {
    NodeId id;
    Address address;
    std::string hostname;
    std::string human_nodename;
    NodeId shard_id;      // null when the file has none
    uint16_t flags = 0;   // NodeFlags
    NodeId replica_of;    // null for a master
    int64_t ping_sent_ms = 0;
    int64_t pong_received_ms = 0;
    uint64_t config_epoch = 0;
    std::vector<slot::SlotRange> slots;
    std::vector<OpenSlot> open_slots;  // on the line of myself alone
  };
  std::vector<Node> nodes;
  uint64_t current_epoch = 0;
  uint64_t last_vote_epoch = 0;
  uint64_t cluster_id = 0;  // ours; Redis skips it
};

// An error names the line. A file without a line for `myself`, without the
// `vars` line or cut in the middle of a line is an error.
base::Result<NodesConf> ParseNodesConf(std::string_view text);

}  // namespace windlass::cluster
