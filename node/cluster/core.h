// The cluster core: one node's part in the cluster, as a pure machine.
//
// Inputs and ticks go in with the time; effects come out, to be done in order.
// No socket, file, clock or thread inside; randomness is the generator given at
// the start. `now_ms` is Unix time in milliseconds and must not go back (take
// the Unix time once and count on with a monotonic clock): it is compared with
// other nodes' times only where the bus does.
//
// Durability: a change of epoch or vote emits Persist{critical}; everything the
// core says or orders after it is held until Persisted(ok) comes. When it comes
// with !ok, held messages are dropped, held orders are kept, and the content is
// given out again with the next Tick.
//
// A master restarted without its data (Start::data) neither serves nor may be
// followed until an election or proof: see probation.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/random.h"
#include "node/cluster/admin.h"
#include "node/cluster/effects.h"
#include "node/cluster/inputs.h"
#include "node/cluster/nodes_conf.h"
#include "node/cluster/options.h"
#include "node/cluster/reports.h"
#include "node/cluster/route.h"

namespace windlass::cluster {

struct Machine;

// What the data of this process is worth compared with what it had before it
// was restarted.
struct DataAtStart {
  // True if nothing acknowledged can be missing: a first start, a clean
  // shutdown that saved, an AOF fsynced always. A node without nodes.conf is
  // a first start whatever is said here.
  bool proven_complete = true;
  // Else: the offset of what was loaded, in the replication history this node's
  // replicas followed; 0 for empty data or another history.
  int64_t offset = 0;
};

// A replica that may hold more than its restarted master, which is this node.
struct DoubtfulReplica {
  NodeEndpoint endpoint;
  bool failed = false;     // a majority says so
  bool may_stand = true;   // false: cluster-replica-no-failover
};

struct Start {
  std::optional<NodesConf> conf;  // none: a new node with a random id
  Options options;
  DataAtStart data;
};

class ClusterCore {
 public:
  // `keys` outlives the core. REQUIRES: start.conf, if given, came from ParseNodesConf.
  ClusterCore(Start start, base::Random random, const KeyCounts* keys, int64_t now_ms);
  ~ClusterCore();
  ClusterCore(const ClusterCore&) = delete;
  ClusterCore& operator=(const ClusterCore&) = delete;

  // Call once, after the data is loaded and before any other call: emits the
  // role to take, and claims or marks as importing the slots that hold keys
  // although the table gives them to nobody or to another node.
  Effects Begin(int64_t now_ms);

  Effects Step(int64_t now_ms, const Input& input);
  // Every 100 ms.
  Effects Tick(int64_t now_ms);
  AdminOutcome Execute(int64_t now_ms, const AdminCommand& command);
  // The error that Execute would answer now, or OK; changes nothing.
  base::Result<std::string> Check(const SetSlotCommand& command) const;
  // How this node has the slot now, as the commands that make it so elsewhere.
  std::vector<SetSlotCommand> AsItIs(slot::SlotId slot) const;
  // This node's open slots, as the commands that open them.
  std::vector<SetSlotCommand> OpenSlots() const;
  Effects SetOptions(int64_t now_ms, const Options& options);
  const Options& options() const;

  // --- the hot path ---------------------------------------------------------
  Route RouteOf(slot::SlotId slot) const;
  // cluster_state:ok. When false: CLUSTERDOWN The cluster is down (but reads,
  // with allow_reads_when_down).
  bool StateOk() const;
  // Rises whenever a route or address may have changed.
  uint64_t RoutesVersion() const;
  // REQUIRES: index came from RouteOf with no call into the core since.
  NodeEndpoint Endpoint(NodeIndex index) const;

  // --- myself ---------------------------------------------------------------
  const NodeId& MyId() const;
  const NodeId& MyShardId() const;
  bool IsMaster() const;
  std::optional<NodeId> MyMaster() const;
  const slot::SlotSet& OwnSlots() const;
  // False while on probation, and while a newcomer without slots that nobody is
  // known to replicate: refuse PSYNC and SYNC then (the replica asks again).
  bool MayBeFollowed() const;
  // Restarted without provably complete data, and not yet known to be current.
  bool OnProbation() const;
  // Replicas that keep this node silent (see probation.h): ask each what it holds,
  // and tell of one without newer data by ReplicaHoldsNothingNewer.
  std::vector<DoubtfulReplica> ReplicasInDoubt() const;
  // Whether this node's acknowledgements count for windlass-min-acks: it is a replica of
  // mine, and everybody has had the time to hear so.
  bool AckCounts(const NodeId& replica) const;
  // A manual failover waits for this node's replica to catch up (I am the
  // master, writes are paused): report offsets at once.
  bool ManualFailoverInProgress() const;

  // --- atomic migrations ----------------------------------------------------
  // This master's replicas that are not known to have failed.
  int HealthyReplicas() const;
  // Who speaks for what `node`, of the shard, has promised: the node as a master, its master,
  // or whoever was elected in its place. Nobody while it has failed and has no successor yet.
  std::optional<NodeEndpoint> MasterOf(const NodeId& node, const NodeId& shard) const;
  std::optional<NodeId> OwnerOf(slot::SlotId slot) const;
  NodeId ShardOf(const NodeId& node) const;  // null: not known
  bool IsKnownMaster(const NodeId& node) const;
  // This master would have heard by now of whoever was elected in its place: only then
  // may it take slots by a grant, for a successor without the grant may have said that
  // it will not.
  bool InTouch() const;
  // Of GrantsOutstanding, those nobody has taken yet.
  const slot::SlotSet& GrantedSlots() const;

  // --- reports --------------------------------------------------------------
  // A node's id, if the table has it (handshakes excluded).
  std::optional<NodeId> FindNode(std::string_view id) const;
  std::string NodesText(int64_t now_ms) const;                     // CLUSTER NODES
  // CLUSTER REPLICAS: a line per replica, or the error line without '-'.
  base::Result<std::vector<std::string>> ReplicaLines(std::string_view id, int64_t now_ms) const;
  std::vector<SlotsEntry> SlotsReport() const;                     // CLUSTER SLOTS
  std::vector<ShardEntry> ShardsReport(int64_t now_ms) const;      // CLUSTER SHARDS
  InfoReport Info() const;                                         // CLUSTER INFO
  std::vector<LinkReport> LinksReport() const;                     // CLUSTER LINKS
  base::Result<int> FailureReports(std::string_view id, int64_t now_ms) const;
  // Addresses of the other nodes that gossip may come from (for admission by ip).
  std::vector<NodeEndpoint> KnownNodes() const;
  std::string ConfText() const;                                    // nodes.conf as it would be written
  void ResetStats();

 private:
  std::unique_ptr<Machine> machine_;
};

}  // namespace windlass::cluster
