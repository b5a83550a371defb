// What the core asks of the driver, to be done in order.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "node/cluster/inputs.h"
#include "node/cluster/messages.h"

namespace windlass::cluster {

// Open a bus connection to ip:bus_port; answer with LinkConnected or LinkClosed.
struct Connect {
  LinkId link;
  std::string ip;
  uint16_t bus_port = 0;
};
// Close it; no LinkClosed is expected back.
struct Disconnect {
  LinkId link;
};
struct Send {
  LinkId link;
  MessagePtr message;
};
// Replace nodes.conf by `content`, fsync, answer with Persisted(ticket). Tickets
// rise; when several are waiting only the newest need be written, and its
// Persisted answers the earlier ones too. While a ticket with `critical` is open
// the core holds back everything it says and does.
struct Persist {
  uint64_t ticket = 0;
  std::string content;
  bool critical = false;
};
// Replicate from this node from now on (again, if its address changed).
struct FollowMaster {
  NodeId master;
  std::string ip;  // empty when the address is not known yet: follow none till then
  uint16_t port = 0;
};
// Give up the master's stream and do not ask for it again (though the master stays
// the same) until told otherwise; answer with ReplicationFacts at once.
struct HoldStream {
  bool held = false;
};
// Stop replicating and be a master, keeping the data.
struct BecomeMaster {};
// Empty the dataset (CLUSTER RESET of a replica).
struct FlushData {};
// These slots are no longer this node's. Shard-channel subscribers of them go;
// with delete_keys so do their keys (they were taken with keys left in them).
struct SlotsLost {
  SharedSlots slots;
  bool delete_keys = false;
};
struct StateChanged {
  bool ok = false;
};
struct PauseWrites {
  int64_t until_ms = 0;
};
struct UnpauseWrites {};
enum class LogLevel { kDebug, kVerbose, kNotice, kWarning };
struct Log {
  LogLevel level = LogLevel::kNotice;
  std::string text;
};
// A PUBLISH or SPUBLISH made on another node, for this node's subscribers.
struct DeliverPublish {
  std::string channel;
  std::string message;
  bool sharded = false;
};

using Effect = std::variant<Connect, Disconnect, Send, Persist, FollowMaster, HoldStream, BecomeMaster,
                            FlushData, SlotsLost, StateChanged, PauseWrites, UnpauseWrites, Log,
                            DeliverPublish>;
using Effects = std::vector<Effect>;

}  // namespace windlass::cluster
