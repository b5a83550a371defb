// From fresh nodes to a cluster: epochs, acquaintance, slots.
//
// Every step follows from what the nodes say, so a pass that finds a cluster
// half formed goes on where the last one stopped: the masters are the nodes
// with the lowest number of each shard, their ranges the even split in order of
// the shards. Slots are given out only while the whole keyspace is provably
// empty: every node answers and none has a key.
#include "operator/reconcile/phases.h"

#include "operator/api/validation.h"
#include "operator/topology/planner.h"

namespace windlass::reconcile {
namespace {

struct Intended {
  const Member* master;
  slot::SlotRange range;
};

bool Forming(const World& world) { return world.operation() && world.operation()->kind == "Form"; }

// Nothing unless the shards wanted when forming began are there, each with a
// node. A number that has changed since is for scaling, once there is a cluster.
std::vector<Intended> IntendedMasters(const World& world) {
  std::vector<Intended> masters;
  const int count = Forming(world) ? world.operation()->to_shards : world.target_shards;
  if (count < 1 || static_cast<int>(world.shards.size()) < count) return masters;
  const auto ranges = topology::EvenSplit(count);
  for (size_t i = 0; i < ranges.size(); ++i) {
    const Member* first = nullptr;
    for (const Member* member : world.shards[i].members) {
      if (first == nullptr && member->running()) first = member;
    }
    if (first == nullptr) return {};
    masters.push_back({first, ranges[i]});
  }
  return masters;
}

bool OwnsOnly(const World& world, const Member& member, const slot::SlotRange& range) {
  slot::SlotSet outside = world.view.Find(member.id)->slots;
  slot::SlotSet inside;
  inside.Add(range);
  outside -= inside;
  return outside.empty();
}

// Slots in use by anyone but the intended master, or keys anywhere, mean that
// this is no cluster in the making.
bool ProvablyEmpty(const World& world, const std::vector<Intended>& masters) {
  for (const Member& member : world.members) {
    if (!member.pod) return false;  // a claim alone may hold data
    if (!member.answers || member.keys.value_or(1) != 0) return false;
    if (member.slots == 0) continue;
    bool intended = false;
    for (const Intended& i : masters) intended = intended || (i.master == &member && OwnsOnly(world, member, i.range));
    if (!intended) return false;
  }
  return world.ghosts.empty();
}

std::optional<Step> Acquaint(const World& world) {
  Meet meet;
  bool pending = false;
  const auto answering = world.Answering();
  std::vector<const topology::Node*> nodes;
  for (const Member* member : answering) nodes.push_back(world.view.Find(member->id));
  for (size_t a = 0; a < nodes.size(); ++a) {
    for (size_t b = 0; b < nodes.size(); ++b) {
      if (a == b || nodes[b]->known_by.Has(*nodes[a])) continue;
      pending = true;
      const bool introduces = answering[a]->ordinal < answering[b]->ordinal;
      if (introduces && meet.pairs.size() < 256) meet.pairs.emplace_back(RefOf(*answering[a]), RefOf(*answering[b]));
    }
  }
  if (!meet.pairs.empty()) return meet;
  if (pending) return Wait{"nodes are getting to know each other"};
  return std::nullopt;
}

std::optional<Step> GiveEpochs(const std::vector<Intended>& masters) {
  SetEpochs step;
  for (size_t i = 0; i < masters.size(); ++i) {
    const Member& master = *masters[i].master;
    if (master.config_epoch == 0 && master.known_nodes == 1) step.epochs.emplace_back(RefOf(master), static_cast<int>(i) + 1);
  }
  if (step.epochs.empty()) return std::nullopt;
  return step;
}

std::optional<Step> GiveSlots(const World& world, const std::vector<Intended>& masters) {
  AssignSlots step;
  for (const Intended& intended : masters) {
    slot::SlotSet missing;
    missing.Add(intended.range);
    missing -= world.view.Find(intended.master->id)->slots;
    for (const slot::SlotRange& range : missing.Ranges()) step.ranges.emplace_back(RefOf(*intended.master), range);
  }
  if (step.ranges.empty()) return std::nullopt;
  return step;
}

// A node new to a cluster answers CLUSTERDOWN for a while.
bool EveryShardServes(const World& world) {
  for (const Member& member : world.members) {
    if (member.joined && !member.serves) return false;
  }
  for (const Shard& shard : world.shards) {
    if (shard.owner == nullptr || shard.synced_replicas < world.spec().replicas_per_shard) return false;
  }
  return true;
}

}  // namespace

std::optional<Step> FormCluster(const World& world) {
  const bool covered = world.view.Uncovered().empty();
  if (covered) {
    if (!world.status().cluster_id.empty() && !Forming(world)) return std::nullopt;
    if (!world.SlotsSettled() || !EveryShardServes(world)) return std::nullopt;  // the other phases see to it
    return FinishOperation{"ClusterFormed", std::to_string(world.shards.size()) + " shards own all 16384 slots", true};
  }
  // Once formed, a slot without an owner is a loss to be looked at by a person,
  // unless that is accepted, and no node owns anything.
  const bool nothing_left = api::AcceptsLoss(world.spec()) && world.Owners().empty();
  if (!world.status().cluster_id.empty() && !nothing_left) return std::nullopt;
  const auto masters = IntendedMasters(world);
  if (masters.empty() || !world.AllAnswer()) return Wait{"waiting for every node to answer"};
  if (!ProvablyEmpty(world, masters)) return Wait{"slots are without an owner, but the nodes are not empty: not forming over them"};
  if (!Forming(world)) {
    api::Operation operation;
    operation.kind = "Form";
    operation.to_shards = world.target_shards;
    operation.step = "forming the cluster";
    return RecordOperation{operation};
  }
  if (auto step = GiveEpochs(masters)) return step;
  if (auto step = Acquaint(world)) return step;
  return GiveSlots(world, masters);
}

}  // namespace windlass::reconcile
