// CLUSTER subcommands that tell: the core's reports in Redis's reply forms.
#include <cstdio>
#include <string>

#include "node/cluster/core.h"
#include "node/cluster/reports.h"
#include "node/commands/cluster_commands.h"
#include "node/commands/cluster_port.h"
#include "node/commands/ports.h"
#include "node/config/config.h"
#include "node/keyspace/database.h"
#include "node/keyspace/keyspace.h"
#include "node/slot/slot.h"

namespace windlass::commands {
namespace {

// cluster-preferred-endpoint-type, as its enum numbers the words.
enum EndpointType { kEndpointIp = 0, kEndpointHostname = 1, kEndpointUnknown = 2 };

EndpointType PreferredType(const Call& call) {
  return static_cast<EndpointType>(call.node.config->Int("cluster-preferred-endpoint-type"));
}

// The endpoint a client is to use; null where it should stay with the host it has.
void ReplyEndpoint(Call& call, const ClusterPort& port, const cluster::NodeEndpoint& node) {
  if (PreferredType(call) == kEndpointUnknown) return call.reply.Null();
  call.reply.Bulk(port.PreferredEndpoint(node));
}

void AppendField(std::string* out, std::string_view name, uint64_t value) {
  out->append(name).append(":").append(std::to_string(value)).append("\r\n");
}

uint64_t AppendMessageCounts(std::string* out, const std::array<uint64_t, cluster::kMessageTypes>& counts,
                             const char* direction) {
  uint64_t total = 0;
  for (int type = 0; type < cluster::kMessageTypes; ++type) {
    if (counts[type] == 0) continue;
    total += counts[type];
    AppendField(out,
                std::string("cluster_stats_messages_") +
                    cluster::MessageTypeName(static_cast<cluster::MessageType>(type)) + "_" + direction,
                counts[type]);
  }
  return total;
}

void ReplySlotsNode(Call& call, const ClusterPort& port, const cluster::NodeEndpoint& node) {
  call.reply.Array(4);
  ReplyEndpoint(call, port, node);
  call.reply.Integer(node.address.port);
  call.reply.Bulk(node.id.view());
  // What is known of the node's place besides the preferred endpoint.
  const EndpointType type = PreferredType(call);
  const bool tell_ip = type != kEndpointIp;
  const bool tell_hostname = type != kEndpointHostname && !node.hostname.empty();
  call.reply.Map((tell_ip ? 1 : 0) + (tell_hostname ? 1 : 0));
  if (tell_ip) {
    call.reply.Bulk("ip");
    call.reply.Bulk(node.address.ip);
  }
  if (tell_hostname) {
    call.reply.Bulk("hostname");
    call.reply.Bulk(node.hostname);
  }
}

void ReplyShardNode(Call& call, const ClusterPort& port, const cluster::ShardNode& node) {
  const cluster::NodeEndpoint& endpoint = node.endpoint;
  call.reply.Map(endpoint.hostname.empty() ? 7 : 8);
  call.reply.Bulk("id");
  call.reply.Bulk(endpoint.id.view());
  call.reply.Bulk("port");
  call.reply.Integer(endpoint.address.port);
  call.reply.Bulk("ip");
  call.reply.Bulk(endpoint.address.ip);
  call.reply.Bulk("endpoint");
  ReplyEndpoint(call, port, endpoint);
  if (!endpoint.hostname.empty()) {
    call.reply.Bulk("hostname");
    call.reply.Bulk(endpoint.hostname);
  }
  call.reply.Bulk("role");
  call.reply.Bulk(node.master ? "master" : "replica");
  call.reply.Bulk("replication-offset");
  call.reply.Integer(node.replication_offset);
  call.reply.Bulk("health");
  call.reply.Bulk(node.health);
}

}  // namespace

std::string ClusterInfoText(const ClusterPort& port) {
  const cluster::InfoReport info = port.core().Info();
  std::string out = std::string("cluster_state:") + (info.state_ok ? "ok" : "fail") + "\r\n";
  AppendField(&out, "cluster_slots_assigned", static_cast<uint64_t>(info.slots_assigned));
  AppendField(&out, "cluster_slots_ok", static_cast<uint64_t>(info.slots_ok));
  AppendField(&out, "cluster_slots_pfail", static_cast<uint64_t>(info.slots_pfail));
  AppendField(&out, "cluster_slots_fail", static_cast<uint64_t>(info.slots_fail));
  AppendField(&out, "cluster_known_nodes", static_cast<uint64_t>(info.known_nodes));
  AppendField(&out, "cluster_size", static_cast<uint64_t>(info.size));
  AppendField(&out, "cluster_current_epoch", info.current_epoch);
  AppendField(&out, "cluster_my_epoch", info.my_epoch);
  const uint64_t sent = AppendMessageCounts(&out, info.sent, "sent");
  AppendField(&out, "cluster_stats_messages_sent", sent);
  const uint64_t received = AppendMessageCounts(&out, info.received, "received");
  AppendField(&out, "cluster_stats_messages_received", received);
  AppendField(&out, "total_cluster_links_buffer_limit_exceeded", port.LinksOverLimit());
  if (info.cluster_id != 0) AppendField(&out, "windlass_cluster_id", info.cluster_id);
  return out;
}

void ClusterInfo(Call& call) {
  const ClusterPort* port = RequireCluster(call);
  if (port != nullptr) call.reply.Verbatim("txt", ClusterInfoText(*port));
}

void ClusterNodes(Call& call) {
  const ClusterPort* port = RequireCluster(call);
  if (port != nullptr) call.reply.Verbatim("txt", port->core().NodesText(call.now_ms));
}

void ClusterSlots(Call& call) {
  const ClusterPort* port = RequireCluster(call);
  if (port == nullptr) return;
  const std::vector<cluster::SlotsEntry> entries = port->core().SlotsReport();
  call.reply.Array(static_cast<int64_t>(entries.size()));
  for (const cluster::SlotsEntry& entry : entries) {
    call.reply.Array(2 + static_cast<int64_t>(entry.nodes.size()));
    call.reply.Integer(entry.range.first);
    call.reply.Integer(entry.range.last);
    for (const cluster::NodeEndpoint& node : entry.nodes) ReplySlotsNode(call, *port, node);
  }
}

void ClusterShards(Call& call) {
  const ClusterPort* port = RequireCluster(call);
  if (port == nullptr) return;
  const std::vector<cluster::ShardEntry> shards = port->core().ShardsReport(call.now_ms);
  call.reply.Array(static_cast<int64_t>(shards.size()));
  for (const cluster::ShardEntry& shard : shards) {
    call.reply.Map(2);
    call.reply.Bulk("slots");
    call.reply.Array(2 * static_cast<int64_t>(shard.slots.size()));
    for (const slot::SlotRange& range : shard.slots) {
      call.reply.Integer(range.first);
      call.reply.Integer(range.last);
    }
    call.reply.Bulk("nodes");
    call.reply.Array(static_cast<int64_t>(shard.nodes.size()));
    for (const cluster::ShardNode& node : shard.nodes) ReplyShardNode(call, *port, node);
  }
}

void ClusterLinks(Call& call) {
  const ClusterPort* port = RequireCluster(call);
  if (port == nullptr) return;
  const std::vector<BusLinkFacts> links = port->Links();
  call.reply.Array(static_cast<int64_t>(links.size()));
  for (const BusLinkFacts& link : links) {
    call.reply.Map(6);
    call.reply.Bulk("direction");
    call.reply.Bulk(link.to_peer ? "to" : "from");
    call.reply.Bulk("node");
    call.reply.Bulk(link.node_id);
    call.reply.Bulk("create-time");
    call.reply.Integer(link.create_time_ms);
    call.reply.Bulk("events");
    call.reply.Bulk(std::string(link.reads ? "r" : "") + (link.writes ? "w" : ""));
    call.reply.Bulk("send-buffer-allocated");
    call.reply.Integer(static_cast<int64_t>(link.send_buffer_allocated));
    call.reply.Bulk("send-buffer-used");
    call.reply.Integer(static_cast<int64_t>(link.send_buffer_used));
  }
}

void ClusterReplicas(Call& call) {
  const ClusterPort* port = RequireCluster(call);
  if (port == nullptr) return;
  const auto lines = port->core().ReplicaLines(call.args[2], call.now_ms);
  if (!lines.ok()) return call.reply.Error(lines.error());
  call.reply.Array(static_cast<int64_t>((*lines).size()));
  for (const std::string& line : *lines) call.reply.Bulk(line);
}

void ClusterMyId(Call& call) {
  const ClusterPort* port = RequireCluster(call);
  if (port != nullptr) call.reply.Bulk(port->core().MyId().view());
}

void ClusterMyShardId(Call& call) {
  const ClusterPort* port = RequireCluster(call);
  if (port != nullptr) call.reply.Bulk(port->core().MyShardId().view());
}

void ClusterKeySlot(Call& call) {
  if (RequireCluster(call) != nullptr) call.reply.Integer(slot::KeySlot(call.args[2]));
}

void ClusterCountKeysInSlot(Call& call) {
  if (RequireCluster(call) == nullptr) return;
  int64_t slot = 0;
  if (!ParseInt64(call.args[2], &slot)) return call.reply.Error(kNotInteger);
  if (slot < 0 || slot >= slot::kSlotCount) return call.reply.Error("ERR Invalid slot");
  const keyspace::Database& db = call.node.keyspace->db(0);
  const slot::SlotId id = static_cast<slot::SlotId>(slot);
  call.reply.Integer(db.IsHidden(id) ? 0 : static_cast<int64_t>(db.SlotSize(id)));
}

void ClusterGetKeysInSlot(Call& call) {
  if (RequireCluster(call) == nullptr) return;
  int64_t slot = 0;
  int64_t limit = 0;
  if (!ParseInt64(call.args[2], &slot) || !ParseInt64(call.args[3], &limit)) {
    return call.reply.Error(kNotInteger);
  }
  if (slot < 0 || slot >= slot::kSlotCount || limit < 0) {
    return call.reply.Error("ERR Invalid slot or number of keys");
  }
  const keyspace::Database& db = call.node.keyspace->db(0);
  const slot::SlotId id = static_cast<slot::SlotId>(slot);
  std::vector<std::string> keys;
  if (!db.IsHidden(id)) keys = db.KeysInSlot(id, static_cast<size_t>(limit));
  call.reply.Array(static_cast<int64_t>(keys.size()));
  for (const std::string& key : keys) call.reply.Bulk(key);
}

void ClusterCountFailureReports(Call& call) {
  const ClusterPort* port = RequireCluster(call);
  if (port == nullptr) return;
  const auto reports = port->core().FailureReports(call.args[2], call.now_ms);
  if (!reports.ok()) return call.reply.Error(reports.error());
  call.reply.Integer(*reports);
}

}  // namespace windlass::commands
