// The rows of CLUSTER and its subcommands, of READONLY, READWRITE and ASKING.
#include "node/commands/cluster_commands.h"

#include "node/commands/cluster_port.h"
#include "node/commands/ports.h"

namespace windlass::commands {
namespace {

constexpr uint64_t kTells = kStale;
constexpr uint64_t kAsks = kAdmin | kStale;
constexpr uint64_t kChanges = kAdmin | kStale | kNoAsyncLoading;

constexpr std::string_view kConstant = "O(1)";
constexpr std::string_view kPerNode = "O(N) where N is the number of nodes known";
constexpr std::string_view kPerSlot = "O(N) where N is the number of slots given";

constexpr std::string_view kHelp[] = {
    "ADDSLOTS <slot> [<slot> ...]",
    "    Assign slots to current node.",
    "ADDSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
    "    Assign slots which are between <start-slot> and <end-slot> to current node.",
    "BUMPEPOCH",
    "    Advance the cluster config epoch.",
    "CANCELSLOTMIGRATIONS",
    "    Cancel the slot migrations this node is the source of.",
    "COUNT-FAILURE-REPORTS <node-id>",
    "    Return number of failure reports for <node-id>.",
    "COUNTKEYSINSLOT <slot>",
    "    Return the number of keys in <slot>.",
    "DELSLOTS <slot> [<slot> ...]",
    "    Delete slots information from current node.",
    "DELSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]",
    "    Delete slots information which are between <start-slot> and <end-slot> from current node.",
    "FAILOVER [FORCE|TAKEOVER]",
    "    Promote current replica node to being a master.",
    "FORGET <node-id>",
    "    Remove a node from the cluster.",
    "GETKEYSINSLOT <slot> <count>",
    "    Return key names stored by current node in a slot.",
    "GETSLOTMIGRATIONS",
    "    Return the slot migrations under way and the last ones that ended.",
    "FLUSHSLOTS",
    "    Delete current node own slots information.",
    "INFO",
    "    Return information about the cluster.",
    "KEYSLOT <key>",
    "    Return the hash slot for <key>.",
    "MEET <ip> <port> [<bus-port>]",
    "    Connect nodes into a working cluster.",
    "MIGRATESLOTS SLOTSRANGE <start slot> <end slot> [...] NODE <node-id> [SLOTSRANGE ... NODE ...]",
    "    Move slots with their keys to other nodes.",
    "MYID",
    "    Return the node id.",
    "MYSHARDID",
    "    Return the node's shard id.",
    "NODES",
    "    Return cluster configuration seen by node. Output format:",
    "    <id> <ip:port> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...",
    "REPLICATE <node-id>",
    "    Configure current node as replica to <node-id>.",
    "RESET [HARD|SOFT]",
    "    Reset current node (default: soft).",
    "SET-CONFIG-EPOCH <epoch>",
    "    Set config epoch of current node.",
    "SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)",
    "    Set slot state.",
    "REPLICAS <node-id>",
    "    Return <node-id> replicas.",
    "SAVECONFIG",
    "    Force saving cluster configuration on disk.",
    "SLOT-STATS (SLOTSRANGE <start> <end>|ORDERBY <metric> [LIMIT <limit>] [ASC|DESC])",
    "    Return what slots hold and cost: keys, and with cluster-slot-stats-enabled",
    "    processor time, bytes in and out, and memory.",
    "SLOTS",
    "    Return information about slots range mappings. Each range is made of:",
    "    start, end, master and replicas IP addresses, ports and ids",
    "SHARDS",
    "    Return information about slot range mappings and the nodes associated with them.",
    "LINKS",
    "    Return information about all network links between this node and its peers.",
    "    Output format is an array where each array element is a map containing attributes of a link",
};

void ClusterHelp(Call& call) { ReplyHelp(call, "CLUSTER", kHelp); }

void Asking(Call& call) {
  if (RequireCluster(call) == nullptr) return;
  call.client.Set(client::kAsking);
  call.reply.Ok();
}

void Readonly(Call& call) {
  if (RequireCluster(call) == nullptr) return;
  call.client.Set(client::kReadonlyMode);
  call.reply.Ok();
}

void Readwrite(Call& call) {
  if (RequireCluster(call) == nullptr) return;
  call.client.Clear(client::kReadonlyMode);
  call.reply.Ok();
}

CommandSpec Sub(std::string_view name, int arity, uint64_t flags, Handler handler,
                std::string_view since, std::string_view summary,
                std::string_view complexity = kConstant) {
  CommandSpec spec;
  spec.name = name;
  spec.arity = arity;
  spec.flags = flags;
  spec.docs = {summary, since, "cluster", complexity};
  spec.handler = handler;
  return spec;
}

std::span<const CommandSpec> Subcommands() {
  static const CommandSpec rows[] = {
      Sub("cluster|addslots", -3, kChanges, ClusterAddSlots, "3.0.0", "Makes slots this node's.", kPerSlot),
      Sub("cluster|addslotsrange", -4, kChanges, ClusterAddSlotsRange, "7.0.0",
          "Makes ranges of slots this node's.", kPerSlot),
      Sub("cluster|bumpepoch", 2, kChanges, ClusterBumpEpoch, "3.0.0",
          "Gives this node the highest config epoch."),
      Sub("cluster|cancelslotmigrations", 2, kChanges, ClusterCancelSlotMigrations, "9.0.0",
          "Ends the slot migrations that this node is the source of."),
      Sub("cluster|count-failure-reports", 3, kAsks, ClusterCountFailureReports, "3.0.0",
          "Counts who reports a node as failing.", "O(N) where N is the number of reports"),
      Sub("cluster|countkeysinslot", 3, kTells, ClusterCountKeysInSlot, "3.0.0",
          "Counts this node's keys in a slot."),
      Sub("cluster|delslots", -3, kChanges, ClusterDelSlots, "3.0.0", "Makes slots nobody's on this node.",
          kPerSlot),
      Sub("cluster|delslotsrange", -4, kChanges, ClusterDelSlotsRange, "7.0.0",
          "Makes ranges of slots nobody's on this node.", kPerSlot),
      Sub("cluster|failover", -2, kChanges, ClusterFailover, "3.0.0",
          "Makes this replica take over from its master."),
      Sub("cluster|flushslots", 2, kChanges, ClusterFlushSlots, "3.0.0", "Gives up all of this node's slots."),
      Sub("cluster|forget", 3, kChanges, ClusterForget, "3.0.0", "Removes a node from this node's table."),
      Sub("cluster|getkeysinslot", 4, kTells, ClusterGetKeysInSlot, "3.0.0",
          "Lists some of this node's keys in a slot.", "O(N) where N is the number of keys asked for"),
      Sub("cluster|getslotmigrations", 2, kAsks, ClusterGetSlotMigrations, "9.0.0",
          "Lists slot migrations under way and ended.", "O(N) where N is the number of jobs remembered"),
      Sub("cluster|help", 2, kLoading | kStale, ClusterHelp, "5.0.0", "Lists the subcommands."),
      Sub("cluster|info", 2, kTells, ClusterInfo, "3.0.0", "Tells the state of the cluster as this node sees it."),
      Sub("cluster|keyslot", 3, kTells, ClusterKeySlot, "3.0.0", "Tells the slot of a key.",
          "O(N) where N is the length of the key"),
      Sub("cluster|links", 2, kTells, ClusterLinks, "7.0.0", "Lists the links to and from other nodes.", kPerNode),
      Sub("cluster|meet", -4, kChanges, ClusterMeet, "3.0.0", "Starts a handshake with another node."),
      Sub("cluster|migrateslots", -7, kChanges, ClusterMigrateSlots, "9.0.0",
          "Moves slots with their keys to other masters.", kPerSlot),
      Sub("cluster|myid", 2, kTells, ClusterMyId, "3.0.0", "Tells this node's id."),
      Sub("cluster|myshardid", 2, kTells, ClusterMyShardId, "7.2.0", "Tells the id of this node's shard."),
      Sub("cluster|nodes", 2, kTells, ClusterNodes, "3.0.0", "Lists the nodes, a line each.", kPerNode),
      Sub("cluster|replicas", 3, kAsks, ClusterReplicas, "5.0.0", "Lists the replicas of a master.", kPerNode),
      Sub("cluster|replicate", 3, kChanges, ClusterReplicate, "3.0.0",
          "Makes this node a replica of a master."),
      Sub("cluster|reset", -2, kAdmin | kStale | kNoScript, ClusterReset, "3.0.0",
          "Makes this node forget its cluster.", kPerNode),
      Sub("cluster|saveconfig", 2, kChanges, ClusterSaveConfig, "3.0.0", "Writes nodes.conf now."),
      Sub("cluster|set-config-epoch", 3, kChanges, ClusterSetConfigEpoch, "3.0.0",
          "Sets the config epoch of a new node."),
      Sub("cluster|setslot", -4, kChanges, ClusterSetSlot, "3.0.0",
          "Opens a slot for its move, closes it, or sets its owner."),
      Sub("cluster|shards", 2, kTells, ClusterShards, "7.0.0", "Lists the shards with their slots and nodes.",
          kPerNode),
      Sub("cluster|slaves", 3, kAsks, ClusterReplicas, "3.0.0", "Lists the replicas of a master.", kPerNode),
      Sub("cluster|slot-stats", -4, kLoading | kStale, ClusterSlotStats, "8.0.0",
          "Tells what slots hold and cost, in a range or the first by a measure."),
      Sub("cluster|slots", 2, kTells, ClusterSlots, "3.0.0", "Lists ranges of slots with their nodes.", kPerNode),
      Sub("cluster|syncslots", -3, kChanges | kMayReplicate | kSkipMonitor | kSkipSlowlog, ClusterSyncSlots, "9.0.0",
          "For nodes among themselves: the stream of a slot migration."),
  };
  return rows;
}

CommandSpec Top(std::string_view name, int arity, uint64_t flags, Handler handler,
                std::string_view summary) {
  CommandSpec spec = Sub(name, arity, flags, handler, "3.0.0", summary);
  spec.acl = kAclConnection;
  return spec;
}

CommandSpec Container() {
  CommandSpec spec = Sub("cluster", -2, 0, nullptr, "3.0.0", "A container of cluster commands.",
                         "Depends on the subcommand.");
  spec.subcommands = Subcommands();
  return spec;
}

}  // namespace

ClusterPort* RequireCluster(Call& call) {
  if (call.node.cluster == nullptr) call.reply.Error("ERR This instance has cluster support disabled");
  return call.node.cluster;
}

std::span<const CommandSpec> ClusterCommands() {
  static const CommandSpec rows[] = {
      Container(),
      Top("asking", 1, kFast, Asking, "Announces a command that follows an ASK redirection."),
      Top("readonly", 1, kLoading | kStale | kFast, Readonly,
          "Lets this connection read from a replica of the keys' master."),
      Top("readwrite", 1, kLoading | kStale | kFast, Readwrite,
          "Ends what READONLY began."),
  };
  return rows;
}

}  // namespace windlass::commands
