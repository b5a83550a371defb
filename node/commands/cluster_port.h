// What commands and admission need of the cluster: where a slot belongs, the
// administrative commands, the reports. The cluster driver implements it; a node
// outside cluster mode has none.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/cluster/admin.h"
#include "node/cluster/reports.h"
#include "node/slot/slot_set.h"

namespace windlass::keyspace {
class Database;
}
namespace windlass::cluster {
class ClusterCore;
}
namespace windlass::client {
struct Client;
}

namespace windlass::commands {

struct Call;

// A command whose keys are all of one slot asks whether it may run here.
struct SlotQuestion {
  slot::SlotId slot = 0;
  std::span<const std::string_view> keys;  // never empty; channels for sharded pub/sub
  uint64_t command_flags = 0;              // CommandFlag; of all queued ones for EXEC
  uint64_t client_flags = 0;               // client::ClientFlag
  bool is_migrate = false;                 // MIGRATE: runs where the slot is open
  keyspace::Database* db = nullptr;        // to see which keys are here
  int64_t now_ms = 0;
};

inline constexpr std::string_view kCrossSlot =
    "CROSSSLOT Keys in request don't hash to the same slot";

// A bus link as CLUSTER LINKS tells of it.
struct BusLinkFacts {
  bool to_peer = false;  // made by this node
  std::string node_id;
  int64_t create_time_ms = 0;
  bool reads = false;
  bool writes = false;
  size_t send_buffer_allocated = 0;
  size_t send_buffer_used = 0;
};

class ClusterPort {
 public:
  virtual ~ClusterPort() = default;

  // The common case, without a call: the slot is this node's, whole, and the
  // cluster is up, so any command on its keys is served here.
  bool Serves(slot::SlotId slot) const { return served_.Contains(slot); }
  // Every other case. True: serve it here. False: *error is the error line
  // (without '-'): MOVED, ASK, TRYAGAIN or CLUSTERDOWN.
  virtual bool Admit(const SlotQuestion& question, std::string* error) = 0;
  // The error line for keys of different slots: kCrossSlot, but for keys whose
  // first is in a slot that nobody serves.
  virtual std::string_view CrossSlotError(slot::SlotId first_key_slot) const = 0;

  virtual const cluster::ClusterCore& core() const = 0;
  // Executes and replies, at once or when what it changed is on disk.
  virtual void Execute(Call& call, const cluster::AdminCommand& command) = 0;
  // The same for a client that has waited meanwhile.
  virtual void Execute(client::Client& client, const cluster::AdminCommand& command) = 0;
  virtual base::Result<std::string> Check(const cluster::SetSlotCommand& command) const = 0;
  // Writes it to the log for this master's replicas; false: there are none, or some that
  // do not take it.
  virtual bool TellReplicas(const cluster::SetSlotCommand& command) = 0;
  // Those that were told of a change which has not been made are told how it is.
  virtual void TellReplicasAsItIs(slot::SlotId slot) = 0;
  virtual std::vector<BusLinkFacts> Links() const = 0;
  virtual uint64_t LinksOverLimit() const = 0;  // closed for their send buffer
  // DEBUG: messages of this type that arrive are dropped (-1: none, -2: all), and whether
  // their links are closed.
  virtual void DropMessages(int type) = 0;
  virtual void CloseLinksOnDrop(bool close) = 0;
  // DEBUG: ends the links to or from a node. False: it is not known.
  virtual bool KillLinks(std::string_view node_id, bool to, bool from) = 0;
  // The host a client is told for this node, by cluster-preferred-endpoint-type:
  // "?" when it should be a host name and there is none, empty for
  // unknown-endpoint or an address not known yet.
  virtual std::string PreferredEndpoint(const cluster::NodeEndpoint& node) const = 0;
  // Tells the other nodes of a PUBLISH, or this shard's of a SPUBLISH.
  virtual void Publish(std::string_view channel, std::string_view message, bool sharded) = 0;

  // A command on this slot's keys waits: the slot is being handed over, or its
  // writers are slowed down. Asked where Serves says no.
  bool Holds(slot::SlotId slot, bool writes) const {
    return held_.Contains(slot) || (writes && slowed_.Contains(slot));
  }

 protected:
  slot::SlotSet served_;
  slot::SlotSet held_;    // disjoint from served_, as is slowed_
  slot::SlotSet slowed_;
};

}  // namespace windlass::commands
