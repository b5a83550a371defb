// What nodes say to each other, as plain values. The bytes are made and read by
// node/cluster_bus, one to one; nothing here decides anything.
//
// Messages are immutable once made and shared by pointer: a broadcast is one
// message on many links, and a bitmap of slots travels without being copied.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "node/cluster/node_id.h"
#include "node/slot/slot_set.h"

namespace windlass::cluster {

enum class MessageType : uint16_t {
  kPing = 0,
  kPong = 1,
  kMeet = 2,
  kFail = 3,
  kPublish = 4,
  kFailoverAuthRequest = 5,
  kFailoverAuthAck = 6,
  kUpdate = 7,
  kMfStart = 8,
  kModule = 9,
  kPublishShard = 10,
};
inline constexpr int kMessageTypes = 11;
// As CLUSTER INFO names them: "ping", "auth-req", "publishshard", …
const char* MessageTypeName(MessageType type);

// Node flags as the bus carries them.
enum NodeFlags : uint16_t {
  kFlagMaster = 1,
  kFlagReplica = 2,
  kFlagPfail = 4,
  kFlagFail = 8,
  kFlagMyself = 16,
  kFlagHandshake = 32,
  kFlagNoAddress = 64,
  kFlagMeet = 128,
  kFlagMigrateTo = 256,
  kFlagNoFailover = 512,
  kFlagExtensions = 1024,
};

// Bits of the header's mflags[0].
enum MessageFlags : uint8_t {
  kMessagePaused = 1,    // a master, paused for a manual failover
  kMessageForceAck = 2,  // vote although my master is up
  kMessageExtData = 4,   // the sender understands ping extensions
};

// Far above what any cluster gets to by counting: who says more is damaged. Were it believed,
// the highest of all numbers would be the last epoch that anybody could take.
inline constexpr uint64_t kMaxEpoch = (uint64_t{1} << 48) - 1;

using SharedSlots = std::shared_ptr<const slot::SlotSet>;

// The addresses of a node. `port` is the one clients and peers use: the TLS
// port when the bus is TLS, and then plaintext_port is the other one (else 0).
// `ip` is empty when unknown.
struct Address {
  std::string ip;
  uint16_t port = 0;
  uint16_t bus_port = 0;
  uint16_t plaintext_port = 0;
  bool operator==(const Address&) const = default;
};

struct Header {
  NodeId sender;
  uint64_t current_epoch = 0;
  // Of the sender, or of its master when the sender is a replica; so is `slots`.
  uint64_t config_epoch = 0;
  uint64_t replication_offset = 0;
  SharedSlots slots;  // never null
  NodeId replica_of;  // null for a master
  // ip is what the sender announces, or empty: then the link's remote ip counts.
  Address address;
  uint16_t flags = 0;     // NodeFlags of the sender
  bool cluster_ok = false;
  uint8_t mflags = 0;     // MessageFlags
  // Ours alone, where Redis has zero: the sender is a replica that takes no more of its
  // master's stream, and this is the history in which it stands. 0: it says no such
  // thing. See takeover_rule.h.
  uint64_t final_in_history = 0;
  // Likewise: the cluster that the sender is of, 0 if it has no name. See cluster_identity.h.
  uint64_t cluster_id = 0;
};

struct GossipEntry {
  NodeId id;
  uint32_t ping_sent_s = 0;      // Unix seconds, 0 for none pending
  uint32_t pong_received_s = 0;  // Unix seconds
  Address address;
  uint16_t flags = 0;
};

struct ForgottenNode {
  NodeId id;
  uint64_t ttl_s = 0;
};

// Ping extensions: types 0 to 3. Unknown ones are skipped by the codec. The
// codec writes those present, and sets kMessageExtData only if the header says.
struct Extensions {
  std::optional<std::string> hostname;
  std::optional<std::string> human_nodename;
  std::vector<ForgottenNode> forgotten;
  std::optional<NodeId> shard_id;
  bool empty() const {
    return !hostname && !human_nodename && forgotten.empty() && !shard_id;
  }
};

// The bodies. PING, PONG and MEET carry a Heartbeat; FAILOVER_AUTH_REQUEST,
// FAILOVER_AUTH_ACK and MFSTART nothing; PUBLISH and PUBLISHSHARD a Publish.
struct Heartbeat {
  std::vector<GossipEntry> gossip;
  Extensions extensions;
};
struct Fail {
  NodeId about;
};
struct Publish {
  std::string channel;
  std::string message;
};
struct Update {
  NodeId about;
  uint64_t config_epoch = 0;
  SharedSlots slots;  // never null
};
struct ModuleMessage {
  uint64_t module_id = 0;
  uint8_t type = 0;
  std::string payload;
};
using Body = std::variant<std::monostate, Heartbeat, Fail, Publish, Update, ModuleMessage>;

struct Message {
  MessageType type = MessageType::kPing;
  Header header;
  Body body;
};
using MessagePtr = std::shared_ptr<const Message>;

}  // namespace windlass::cluster
