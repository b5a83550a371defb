// What the driver tells the core: links, messages, disk, replication.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "node/cluster/messages.h"

namespace windlass::cluster {

// A bus connection. Outbound ones are numbered by the core (in the Connect
// effect), inbound ones by the driver; a number is never used twice.
struct LinkId {
  bool inbound = false;
  uint64_t number = 0;
  bool operator==(const LinkId&) const = default;
};
struct LinkIdHash {
  size_t operator()(const LinkId& l) const { return l.number * 2 + (l.inbound ? 1 : 0); }
};

// The outbound link is up: the core greets.
struct LinkConnected {
  LinkId link;
};
// A link is gone: an inbound one closed, an outbound one closed or never made.
// Not sent for links that the core itself ended by Disconnect.
struct LinkClosed {
  LinkId link;
};
// Bytes came in on a link although no message is whole yet: a sign of life.
struct LinkActivity {
  LinkId link;
};
struct MessageReceived {
  LinkId link;
  MessagePtr message;
  std::string remote_ip;  // of the link's peer
  std::string local_ip;   // of our end: how a node learns its own address
};
// The answer to effect Persist with this ticket. !ok: the file may not be on disk.
struct Persisted {
  uint64_t ticket = 0;
  bool ok = true;
};
// The state of replication. Give it before each Tick, and at once when the
// master link breaks or comes up, or the applied offset reaches a new value
// during a manual failover. On a master only my_offset counts.
struct ReplicationFacts {
  // Master: what it has written to its stream. Replica: what it has applied,
  // and 0 if what it holds is not of its current master's history: an offset of
  // another history must never rank or start an election.
  int64_t my_offset = 0;
  bool master_link_up = false;
  // Replica: time since the master was last heard, or since the link broke.
  // Unknown (never synchronised with this master): such a replica does not ask
  // for votes, whatever cluster-replica-validity-factor says, unless told FORCE.
  bool data_age_known = false;
  int64_t data_age_ms = 0;
  // Replica: the stream was given up as HoldStream ordered; nothing more comes of it.
  bool stream_held = false;
  uint64_t history = 0;  // the id of the replication history my_offset is in; 0: none
};
// Proof, asked of the replica itself, that it holds nothing this node does not hold:
// it is empty, or not further in the same history.
// See ClusterCore::ReplicasInDoubt.
struct ReplicaHoldsNothingNewer {
  NodeId replica;
};

// Slots this shard owns and has allowed another master to take, by an atomic
// migration whose outcome is not known yet.
struct Grant {
  slot::SlotSet slots;
  NodeId target;
  NodeId target_shard;
};
// All grants there are now. Granted slots stay this shard's in the table, but it
// claims them no more: whatever epoch it gets meanwhile, and whoever succeeds its
// master, the target's claim wins. They end by that claim, or when they are not among
// these any more: then the slots are claimed again.
struct GrantsOutstanding {
  std::vector<Grant> grants;
};

using Input = std::variant<LinkConnected, LinkClosed, LinkActivity, MessageReceived, Persisted,
                           ReplicationFacts, ReplicaHoldsNothingNewer, GrantsOutstanding>;

// Facts about keys that a few checks need. Asked only inside Step and Execute.
class KeyCounts {
 public:
  virtual ~KeyCounts() = default;
  virtual uint64_t KeysInSlot(slot::SlotId slot) const = 0;
  virtual bool DatasetEmpty() const = 0;
};

}  // namespace windlass::cluster
