// Pods and claims: what is missing is made, what will not run again is replaced.
#include "operator/reconcile/phases.h"

#include <algorithm>

#include "operator/api/names.h"

namespace windlass::reconcile {
namespace {

bool Contains(const std::vector<const Shard*>& shards, const Shard& shard) {
  return std::find(shards.begin(), shards.end(), &shard) != shards.end();
}

// Members, fenced ones left out, that are there or will be without a new name: a pod that is leaving
// still counts if its claim brings it back under its own name.
int LastingMembers(const Shard& shard) {
  int count = 0;
  for (const Member* member : shard.members) count += !member->fenced() && (member->running() || member->claim);
  return count;
}

// Claims whose pod is gone: the node comes back under its name, with its data.
void AddReturning(const World& world, CreateNodes* create) {
  const auto surplus = SurplusShards(world);
  for (const Shard& shard : world.shards) {
    for (const Member* member : shard.members) {
      if (member->pod || !member->claim) continue;
      if (Contains(surplus, shard) && shard.slots.empty() && !shard.owner_missing) continue;
      create->nodes.push_back({member->name, shard.name});
    }
  }
}

}  // namespace

std::optional<Step> ReplaceFinishedPods(const World& world) {
  DeletePods step;
  for (const Member& member : world.members) {
    if (member.pod && member.pod->finished && !member.pod->terminating) {
      step.pods.emplace_back(member.pod->name, member.pod->uid);
    }
  }
  if (step.pods.empty()) return std::nullopt;
  step.why = "it has ended and will not run again";
  return step;
}

namespace {

CreateNodes MissingNodes(const World& world) {
  CreateNodes create;
  AddReturning(world, &create);
  int ordinal = world.next_ordinal;
  const auto add = [&](const std::string& shard, int count) {
    for (int i = 0; i < count; ++i) create.nodes.push_back({api::NodeName(world.cluster->metadata.name, ordinal++), shard});
  };
  const auto surplus = SurplusShards(world);
  for (const Shard& shard : world.shards) {
    if (!Contains(surplus, shard)) add(shard.name, NodesWanted(world, shard) - LastingMembers(shard));
  }
  const int missing = world.target_shards - static_cast<int>(world.shards.size());
  for (int i = 0; i < missing; ++i) add(ShardName(world.next_shard_number + i), world.NodesPerShard());
  return create;
}

}  // namespace

bool NodesMissing(const World& world) { return !MissingNodes(world).nodes.empty(); }

std::optional<Step> CreateMissingNodes(const World& world) {
  CreateNodes create = MissingNodes(world);
  if (create.nodes.empty()) return std::nullopt;
  if (!world.may_create) return Wait{"pods or claims are refused: " + world.creation_refused};
  return create;
}

}  // namespace windlass::reconcile
