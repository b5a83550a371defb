// The administrative commands, as values: parsed by node/commands, executed by
// ClusterCore::Execute.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "node/base/result.h"
#include "node/cluster/effects.h"
#include "node/cluster/node_id.h"
#include "node/slot/slot.h"
#include "node/slot/slot_set.h"

namespace windlass::cluster {

// Node ids come as the user typed them: an unknown one is an error that quotes it.
struct MeetCommand {
  std::string ip;
  int64_t port = 0;
  std::optional<int64_t> bus_port;  // default: port + 10000
};
struct ForgetCommand {
  std::string id;
};
struct ReplicateCommand {
  std::string id;
};
// Single slots are ranges of one. A slot named twice is an error.
struct AddSlotsCommand {
  std::vector<slot::SlotRange> slots;
};
struct DelSlotsCommand {
  std::vector<slot::SlotRange> slots;
};
struct FlushSlotsCommand {};
struct SetSlotCommand {
  enum class Kind { kMigrating, kImporting, kStable, kNode, kAllStable };  // the last from a master alone
  slot::SlotId slot = 0;
  Kind kind = Kind::kStable;
  std::string id;  // of kMigrating, kImporting and kNode
  bool from_master = false;  // on a replica: of its master's slots; what cannot be is passed over
};
// Not a CLUSTER command: the end of an atomic migration. These slots are this
// node's, at a new epoch above all known ones and above `above_epoch`.
struct TakeSlotsCommand {
  slot::SlotSet slots;
  uint64_t above_epoch = 0;
  std::optional<NodeId> taker = std::nullopt;  // on a replica, by its master's word: who has taken them
};
struct BumpEpochCommand {};
struct SetConfigEpochCommand {
  int64_t epoch = 0;
};
struct ResetCommand {
  bool hard = false;
};
struct FailoverCommand {
  enum class Kind { kDefault, kForce, kTakeover };
  Kind kind = Kind::kDefault;
};
struct SaveConfigCommand {};
// Not a CLUSTER command: a PUBLISH or SPUBLISH made here, to be told to the rest.
struct BroadcastPublish {
  std::string channel;
  std::string message;
  bool sharded = false;  // only to the nodes of this shard
};

using AdminCommand =
    std::variant<MeetCommand, ForgetCommand, ReplicateCommand, AddSlotsCommand, DelSlotsCommand,
                 FlushSlotsCommand, SetSlotCommand, TakeSlotsCommand, BumpEpochCommand, SetConfigEpochCommand,
                 ResetCommand, FailoverCommand, SaveConfigCommand, BroadcastPublish>;

struct AdminOutcome {
  // The simple string to reply ("OK", "BUMPED 7"), or the whole error line
  // without its leading '-' ("ERR Unknown node …").
  base::Result<std::string> reply;
  Effects effects;
  // Reply only once this Persist ticket is answered ok; if it fails, reply
  // "ERR error saving the cluster node config". 0: nothing to wait for.
  uint64_t reply_after_ticket = 0;
};

}  // namespace windlass::cluster
