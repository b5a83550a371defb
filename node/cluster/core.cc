// The face of the core: turns begin and end here.
#include "node/cluster/core.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "node/cluster/admin_execute.h"
#include "node/cluster/election.h"
#include "node/cluster/health.h"
#include "node/cluster/heartbeat.h"
#include "node/cluster/machine.h"
#include "node/cluster/manual_failover.h"
#include "node/cluster/message_handler.h"
#include "node/cluster/probation.h"
#include "node/cluster/replica_migration.h"
#include "node/cluster/roles.h"
#include "node/cluster/send.h"
#include "node/cluster/start.h"
#include "node/cluster/takeover_rule.h"

namespace windlass::cluster {

namespace {

// The last that was elected, of those that were elected one after the other since `node` was.
const Node* HeirOf(const Machine& m, const Node* node) {
  for (size_t hops = 0; node != nullptr && hops <= m.nodes.all().size(); ++hops) {
    if (node->successor.null()) return hops == 0 || !node->IsMaster() || node->Failed() ? nullptr : node;
    node = m.nodes.Find(node->successor);
  }
  return nullptr;
}

}  // namespace

ClusterCore::ClusterCore(Start start, base::Random random, const KeyCounts* keys, int64_t now_ms)
    : machine_(std::make_unique<Machine>(random, keys)) {
  Machine& m = *machine_;
  m.now = now_ms;
  m.health.first_check_ms = now_ms;
  if (start.conf) {
    StartFrom(m, *start.conf);
  } else {
    StartNew(m);
  }
  ApplyOptions(m, start.options);
  if (start.conf && !start.data.proven_complete) BeginProbation(m, start.data.offset);
}

ClusterCore::~ClusterCore() = default;

Effects ClusterCore::Begin(int64_t now_ms) {
  Machine& m = *machine_;
  m.now = now_ms;
  m.health.first_check_ms = now_ms;
  ReconcileSlotsWithData(m);
  m.update_health = true;
  return EndTurn(m);
}

Effects ClusterCore::Step(int64_t now_ms, const Input& input) {
  Machine& m = *machine_;
  m.now = now_ms;
  std::visit(
      [&m](const auto& in) {
        using T = std::decay_t<decltype(in)>;
        if constexpr (std::is_same_v<T, MessageReceived>) {
          HandleMessage(m, in);
        } else if constexpr (std::is_same_v<T, LinkConnected>) {
          HandleLinkConnected(m, in.link);
        } else if constexpr (std::is_same_v<T, LinkClosed>) {
          HandleLinkClosed(m, in.link);
        } else if constexpr (std::is_same_v<T, LinkActivity>) {
          HandleLinkActivity(m, in.link);
        } else if constexpr (std::is_same_v<T, Persisted>) {
          if (!m.out.Answered(in.ticket, in.ok)) m.save_failed = true;
        } else if constexpr (std::is_same_v<T, ReplicaHoldsNothingNewer>) {
          if (Node* node = m.nodes.Find(in.replica); node != nullptr) node->proven_no_newer = true;
          ReviewProbation(m);
        } else if constexpr (std::is_same_v<T, GrantsOutstanding>) {
          slot::SlotSet released = m.grants.slots();
          m.grants.Set(in.grants);
          released -= m.grants.slots();
          m.slots.Touch();
          // Claimed again, at the epoch this node has: whoever was elected in its place wins.
          if (m.myself()->IsMaster() && m.myself()->slots->Intersects(released)) BroadcastPong(m, false);
        } else {
          m.facts = in;
          m.myself()->replication_offset = in.my_offset;
          m.check_manual = m.manual.end_ms != 0;
          NotePausedOffset(m);
          m.check_election = m.check_election || in.stream_held;
          TickHold(m);
        }
      },
      input);
  return EndTurn(m);
}

Effects ClusterCore::Tick(int64_t now_ms) {
  Machine& m = *machine_;
  m.now = now_ms;
  if (std::exchange(m.save_failed, false)) m.save = true;
  m.blacklist.Expire(now_ms);
  ReviewProbation(m);
  TickHeartbeats(m);
  ExpireManualFailover(m);
  if (m.myself()->IsReplica()) {
    LeaveChain(m);
    AdvanceManualFailover(m);
    AdvanceElection(m);
    TickHold(m);
    TickReplicaMigration(m);
  }
  if (!m.health.ok) m.update_health = true;
  return EndTurn(m);
}

AdminOutcome ClusterCore::Execute(int64_t now_ms, const AdminCommand& command) {
  Machine& m = *machine_;
  m.now = now_ms;
  Reply reply = std::visit([&m](const auto& c) { return Run(m, c); }, command);
  Effects effects = EndTurn(m);
  const uint64_t ticket = m.out.last_turn_ticket();
  return AdminOutcome{std::move(reply), std::move(effects), ticket};
}

base::Result<std::string> ClusterCore::Check(const SetSlotCommand& command) const { return cluster::Check(*machine_, command); }

std::vector<SetSlotCommand> ClusterCore::AsItIs(slot::SlotId slot) const {
  using Kind = SetSlotCommand::Kind;
  const SlotMap& slots = machine_->slots;
  std::vector<SetSlotCommand> commands{{slot, Kind::kStable, ""}};
  if (const Node* owner = slots.Owner(slot)) commands.push_back({slot, Kind::kNode, owner->id.str()});
  if (const Node* to = slots.MigratingTo(slot)) commands.push_back({slot, Kind::kMigrating, to->id.str()});
  if (const Node* from = slots.ImportingFrom(slot)) commands.push_back({slot, Kind::kImporting, from->id.str()});
  return commands;
}

std::vector<SetSlotCommand> ClusterCore::OpenSlots() const {
  std::vector<SetSlotCommand> open;
  for (const auto& [slot, to] : machine_->slots.migrating()) open.push_back({slot, SetSlotCommand::Kind::kMigrating, to->id.str()});
  for (const auto& [slot, from] : machine_->slots.importing()) open.push_back({slot, SetSlotCommand::Kind::kImporting, from->id.str()});
  return open;
}

Effects ClusterCore::SetOptions(int64_t now_ms, const Options& options) {
  Machine& m = *machine_;
  m.now = now_ms;
  ApplyOptions(m, options);
  return EndTurn(m);
}

const Options& ClusterCore::options() const { return machine_->options; }

Route ClusterCore::RouteOf(slot::SlotId slot) const {
  return machine_->slots.RouteOf(slot, machine_->MyMaster());
}

bool ClusterCore::StateOk() const { return machine_->health.ok; }
uint64_t ClusterCore::RoutesVersion() const { return machine_->slots.version(); }
const NodeId& ClusterCore::MyId() const { return machine_->myself()->id; }
const NodeId& ClusterCore::MyShardId() const { return machine_->myself()->shard_id; }
bool ClusterCore::IsMaster() const { return machine_->myself()->IsMaster(); }

std::optional<NodeId> ClusterCore::MyMaster() const {
  const Node* master = machine_->MyMaster();
  return master == nullptr ? std::nullopt : std::make_optional(master->id);
}

const slot::SlotSet& ClusterCore::OwnSlots() const { return *machine_->myself()->slots; }
bool ClusterCore::MayBeFollowed() const {
  return !machine_->probation.active && !machine_->probation.newcomer;
}
int ClusterCore::HealthyReplicas() const {
  const std::vector<Node*>& replicas = machine_->myself()->replicas;
  return static_cast<int>(std::count_if(replicas.begin(), replicas.end(), [](const Node* n) { return !n->Failed(); }));
}
std::optional<NodeEndpoint> ClusterCore::MasterOf(const NodeId& node, const NodeId& shard) const {
  const Node* known = machine_->nodes.Find(node);
  if (known != nullptr && known->IsMaster() && !known->Failed()) return Endpoint(known->index);
  if (known != nullptr && known->IsReplica() && known->replica_of != nullptr) return Endpoint(known->replica_of->index);
  // Whoever was elected in its place has its slots. Another master of the shard, left without
  // slots and without a master by what it lost, knows nothing of what the node has promised.
  if (known != nullptr && known->IsMaster() && known->slot_count > 0) return std::nullopt;
  if (const Node* heir = HeirOf(*machine_, known); heir != nullptr && heir->shard_id == shard) return Endpoint(heir->index);
  for (const Node* other : machine_->nodes.all()) {
    if (!other->IsMaster() || other->Failed() || other->InHandshake() || !(other->shard_id == shard)) continue;
    if (other->slot_count > 0) return Endpoint(other->index);
  }
  return std::nullopt;
}
std::optional<NodeId> ClusterCore::OwnerOf(slot::SlotId slot) const {
  const Node* owner = machine_->slots.Owner(slot);
  return owner == nullptr ? std::nullopt : std::make_optional(owner->id);
}
NodeId ClusterCore::ShardOf(const NodeId& node) const {
  const Node* known = machine_->nodes.Find(node);
  return known == nullptr ? NodeId() : known->shard_id;
}
bool ClusterCore::IsKnownMaster(const NodeId& node) const {
  const Node* known = machine_->nodes.Find(node);
  return known != nullptr && known->IsMaster() && !known->InHandshake();
}
const slot::SlotSet& ClusterCore::GrantedSlots() const { return machine_->grants.slots(); }
bool ClusterCore::InTouch() const { return cluster::InTouch(*machine_); }
bool ClusterCore::OnProbation() const { return machine_->probation.active; }
std::vector<DoubtfulReplica> ClusterCore::ReplicasInDoubt() const {
  std::vector<DoubtfulReplica> replicas;
  if (!machine_->probation.silent) return replicas;
  for (const Node* replica : machine_->myself()->replicas) {
    if (replica->proven_no_newer) continue;
    replicas.push_back({Endpoint(replica->index), replica->Failed(), !replica->Has(kFlagNoFailover)});
  }
  return replicas;
}
bool ClusterCore::AckCounts(const NodeId& replica) const {
  const Node* node = machine_->nodes.Find(replica);
  return node != nullptr && cluster::AckCounts(*machine_, *node);
}
bool ClusterCore::ManualFailoverInProgress() const { return machine_->manual.end_ms != 0; }

}  // namespace windlass::cluster
