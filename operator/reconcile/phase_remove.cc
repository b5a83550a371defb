// Nodes leave: forgotten by all who stay, then deleted.
//
// A node goes only on proof: all 16 384 slots have owners that answer, all who
// answer agree on them, and neither it nor anybody else says that it owns one,
// that one is on its way to it, or that it holds keys as a master.
#include "operator/reconcile/phases.h"

#include <algorithm>

namespace windlass::reconcile {
namespace {

bool InMotion(const World& world, const std::string& node_id) {
  for (const topology::OpenSlot& open : world.view.OpenSlots()) {
    if (open.node == node_id || open.peer == node_id) return true;
  }
  return false;
}

// REQUIRES: SlotsSettled(): every owner is known.
bool ProvenFree(const World& world, const Member& member) {
  if (member.doubted) return false;
  if (member.answers && (member.slots > 0 || (member.master && member.keys.value_or(1) != 0))) return false;
  if (member.id.empty()) return true;  // never was on the bus
  const topology::Node* node = world.view.Find(member.id);
  return (node == nullptr || node->slots.empty()) && !InMotion(world, member.id);
}

RemoveNodes Removal(const World& world, const std::vector<const Member*>& leaving, const std::string& why) {
  RemoveNodes step;
  step.why = why;
  const bool delete_claims = !world.spec().storage || world.spec().storage->on_scale_in == api::Keep::kDelete;
  for (const Member* member : leaving) {
    step.victims.push_back({RefOf(*member), member->pod ? member->pod->uid : "", member->claim && delete_claims});
  }
  for (const Member& member : world.members) {
    const bool stays = std::find(leaving.begin(), leaving.end(), &member) == leaving.end();
    if (stays && member.joined && member.running()) step.survivors.push_back(RefOf(member));
  }
  return step;
}

// Replicas beyond the number wanted: those not in step first, then those to be
// replaced anyway, then the newest.
std::vector<const Member*> SurplusReplicas(const World& world, const Shard& shard) {
  std::vector<const Member*> replicas;
  int lasting = 0;
  for (const Member* member : shard.members) {
    if (!member->running() || member->fenced()) continue;
    ++lasting;
    if (member != shard.owner) replicas.push_back(member);
  }
  std::sort(replicas.begin(), replicas.end(), [](const Member* a, const Member* b) {
    if (a->synced != b->synced) return !a->synced;
    if (a->outdated != b->outdated) return a->outdated;
    return a->ordinal > b->ordinal;
  });
  const int surplus = std::max(0, lasting - NodesWanted(world, shard));
  replicas.resize(std::min(replicas.size(), static_cast<size_t>(surplus)));
  return replicas;
}

}  // namespace

std::optional<Step> RemoveSurplus(const World& world) {
  const bool moving = world.operation() && !world.operation()->moves.empty();
  if (world.Owners().empty()) return std::nullopt;
  std::vector<const Member*> gone;
  std::string names;
  for (const Shard* shard : SurplusShards(world)) {
    if (shard->owner != nullptr || shard->owner_missing) continue;
    if (moving || !world.SlotsSettled()) return Wait{shard->name + " is empty; waiting until every node says so"};
    for (const Member* member : shard->members) {
      if (!ProvenFree(world, *member)) return Wait{member->name + " is not proven to be free of data; it stays"};
      if (!member->leaving()) gone.push_back(member);
    }
    names += (names.empty() ? "" : ", ") + shard->name;
  }
  if (!gone.empty()) return Removal(world, gone, names + " no longer wanted");
  for (const Shard& shard : world.shards) {
    if (shard.owner == nullptr || moving) continue;
    const auto leaving = SurplusReplicas(world, shard);
    if (leaving.empty()) continue;
    if (!world.SlotsSettled()) return Wait{"a replica of " + shard.name + " is one too many; waiting until the nodes agree"};
    for (const Member* member : leaving) {
      if (!ProvenFree(world, *member)) return Wait{member->name + " is not proven to be free of data; it stays"};
    }
    return Removal(world, leaving, "it is one replica too many of " + shard.name);
  }
  return std::nullopt;
}

namespace {

// As long as Kubernetes by default leaves a pod on a machine that is out of reach.
constexpr int64_t kGiveUpMs = 300'000;

bool OutOfReach(const World& world, const Member& member) {
  if (!member.claim || !member.pod || member.pod->placed || member.answers || member.fenced()) return false;
  if (member.volume.lost) return true;
  return member.pod->out_of_reach_ms > 0 && world.now_ms - member.pod->out_of_reach_ms >= kGiveUpMs;
}

// Why it may not be given up yet; empty if all it holds is elsewhere, for certain.
std::string NeededStill(const World& world, const Shard& shard, const Member& member) {
  if (shard.owner == nullptr || shard.owner == &member || shard.owner_missing || shard.contested || !shard.owner->serves) {
    return shard.name + " has no master that serves, and " + member.name + "'s volume may be the last copy of it";
  }
  if (!world.SlotsSettled()) return "the nodes do not agree yet on who owns which slot";
  for (const Ghost& ghost : world.ghosts) {
    if (ghost.name == member.name && (ghost.slots > 0 || InMotion(world, ghost.id))) return member.name + " is not proven to be free of slots";
  }
  if (!ProvenFree(world, member)) return member.name + " is not proven to be free of slots";
  for (const Member* other : shard.members) {
    if (other == shard.owner || other->fenced() || OutOfReach(world, *other)) continue;
    if (!other->synced) return other->name + " is not in step with its master yet";
  }
  return "";
}

}  // namespace

std::optional<Step> RebuildElsewhere(const World& world) {
  const auto& storage = world.spec().storage;
  if (!storage || storage->on_unschedulable != api::OnUnschedulable::kRebuild) return std::nullopt;
  if (world.operation() && !world.operation()->moves.empty()) return std::nullopt;
  std::optional<Step> wait;
  for (const Shard& shard : world.shards) {
    for (const Member* member : shard.members) {
      if (!OutOfReach(world, *member)) continue;
      const std::string why = NeededStill(world, shard, *member);
      if (why.empty()) return Removal(world, {member}, "no machine reaches its volume, and storage.onUnschedulable is Rebuild");
      if (!wait) wait = Wait{member->name + ": no machine reaches its volume; it is not given up: " + why};
    }
  }
  return wait;
}

std::optional<Step> ForgetGone(const World& world) {
  if (!world.SlotsSettled()) return std::nullopt;
  // A pod or a claim whose node is not known might be the one that looks gone.
  bool all_known = true;
  for (const Member& member : world.members) {
    all_known = all_known && member.pod && !member.id.empty();
  }
  Forget step;
  for (const Ghost& ghost : world.ghosts) {
    if (ghost.linked || ghost.slots > 0 || InMotion(world, ghost.id)) continue;
    const bool named = !ghost.name.empty();
    const Member* same_name = named ? world.FindMember(ghost.name) : nullptr;
    const bool may_return = same_name != nullptr ? !same_name->answers : ghost.claim;
    if (named ? may_return : !all_known) continue;
    bool followed = false;  // its replicas must choose another master first
    for (const Member& member : world.members) followed = followed || (member.answers && member.master_id == ghost.id);
    if (followed) continue;
    for (const Member* member : world.Answering()) {
      if (member->joined && ghost.known_by.HasId(member->id)) step.commands.emplace_back(RefOf(*member), ghost.id);
    }
    if (step.why.empty()) step.why = (named ? ghost.name : ghost.id) + " is gone for good";
  }
  if (step.commands.empty()) return std::nullopt;
  return step;
}

}  // namespace windlass::reconcile
