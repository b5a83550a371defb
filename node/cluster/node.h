// One node of the cluster, as this node knows it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "node/cluster/messages.h"
#include "node/cluster/node_id.h"
#include "node/cluster/route.h"
#include "node/slot/slot_set.h"

namespace windlass::cluster {

struct Node;

// A master told us that it cannot reach the node the report is kept in.
struct FailureReport {
  Node* reporter = nullptr;
  int64_t time_ms = 0;
};

struct Node {
  NodeIndex index = kNoNode;
  NodeId id;
  uint16_t flags = 0;  // NodeFlags
  Address address;
  std::string hostname;
  std::string human_nodename;
  NodeId shard_id;
  uint64_t config_epoch = 0;

  // The slots it owns in our table; written by SlotMap alone. Shared with the
  // messages that carry it, so it is cloned before a change if anyone holds it.
  std::shared_ptr<slot::SlotSet> slots;
  int slot_count = 0;
  uint64_t slots_version = 0;
  // The slots as text, as of text_version: written at every save, seldom changed.
  mutable std::string slots_text;
  mutable uint64_t text_version = 0;
  // A claim known to be equal to `slots` when that was at claim_version.
  SharedSlots equal_claim;
  uint64_t claim_version = 0;

  // Who was elected in its place and took its slots, if this node has heard of that since its
  // start. It speaks for what this one has promised, also when it has given the slots away.
  NodeId successor;

  Node* replica_of = nullptr;
  std::vector<Node*> replicas;

  // Times in ms; 0 for never.
  int64_t created_ms = 0;
  int64_t ping_sent_ms = 0;      // of the ping that waits for its answer, else 0
  int64_t pong_received_ms = 0;
  int64_t data_received_ms = 0;
  int64_t meet_sent_ms = 0;
  int64_t fail_time_ms = 0;
  bool fail_from_file = false;  // FAIL as nodes.conf has it: nobody has said so since the start
  int64_t voted_time_ms = 0;     // when we voted for a replica of this master
  NodeId voted_for;              // which one that was
  int64_t orphaned_time_ms = 0;
  int64_t offset_time_ms = 0;
  int64_t replication_offset = 0;
  int64_t final_offset_ms = 0;   // when it last said that this is its last of my master's stream
  uint64_t final_in_history = 0;
  int64_t shard_since_ms = 0;    // of its coming to the shard it is in; 0: before this start
  bool heard = false;            // directly, since this process started
  bool proven_no_newer = false;     // the driver asked it, since this process started

  std::vector<FailureReport> reports;

  // Links by number, 0 for none. Ours to it: made by us, reopened by us.
  uint64_t outbound = 0;
  bool outbound_up = false;
  int64_t outbound_created_ms = 0;
  uint64_t inbound = 0;
  int64_t inbound_created_ms = 0;
  int64_t inbound_lost_ms = 0;

  // See introduction.h.
  bool told = false;      // known by gossip, not by a handshake or from nodes.conf
  bool knows_me = false;  // it has opened a link to us and kept it
  uint64_t answered_on = 0;  // our link on which it last answered under its id

  uint64_t gossip_mark = 0;  // the last ping that told of it

  bool Has(uint16_t flag) const { return (flags & flag) != 0; }
  bool IsMaster() const { return Has(kFlagMaster); }
  bool IsReplica() const { return Has(kFlagReplica); }
  bool IsMyself() const { return Has(kFlagMyself); }
  bool InHandshake() const { return Has(kFlagHandshake); }
  bool HasAddress() const { return !Has(kFlagNoAddress); }
  bool Failed() const { return Has(kFlagFail); }
  bool Suspected() const { return Has(kFlagPfail); }
  // Told in every heartbeat. FAIL is broadcast once, and may miss a node; while nobody has
  // replaced the master, who missed it must come to know, above all the master's replicas.
  bool FailedOwner() const { return Failed() && slot_count > 0; }
  bool Votes() const { return IsMaster() && slot_count > 0; }
  // Its own epoch, or its master's if it is a replica: what goes with its claims.
  uint64_t ClaimEpoch() const {
    return replica_of != nullptr && IsReplica() ? replica_of->config_epoch : config_epoch;
  }
};

// The same node, or one that stands, or stood, for the other.
inline bool OfOneShard(const Node& one, const Node& other) {
  return &one == &other || (!one.shard_id.null() && one.shard_id == other.shard_id);
}

inline bool WorthReporting(const Node& node) {
  return !node.IsMyself() && !node.InHandshake() && (node.Suspected() || node.FailedOwner());
}

}  // namespace windlass::cluster
