// Pods made from what the spec no longer says are made anew, one at a time:
// replicas first, then a master once a replica of the new kind has taken over.
//
// A pod goes only while the whole cluster is well: every node is in it and in step.
// So a new kind that does not work stops the roll at the first pod. One that was
// left so is replaced whatever else is amiss, or no correction could reach it.
#include <algorithm>

#include "operator/reconcile/phases.h"

namespace windlass::reconcile {
namespace {

bool Rolls(const World& world) { return world.spec().update.mode == api::Update::Mode::kRolling; }

bool Replaceable(const Member& member) { return member.outdated && !member.resizable && !member.fenced(); }

std::vector<const Member*> Outdated(const World& world) {
  std::vector<const Member*> found;
  for (const Member& member : world.members) {
    if (member.running() && Replaceable(member)) found.push_back(&member);
  }
  return found;
}

}  // namespace

std::string Unrest(const World& world) {
  for (const Member& member : world.members) {
    if (member.fenced()) continue;
    if (!member.pod || !member.running()) return member.name + " is not back yet";
    const std::string& problem = member.pod->problem;
    if (!member.joined || member.loading) return member.name + (problem.empty() ? " is not in the cluster yet" : ": " + problem);
  }
  for (const Shard& shard : world.shards) {
    if (shard.leader == nullptr || shard.owner_missing || shard.contested) return shard.name + " has no master";
    if (!shard.leader->serves) return "the master of " + shard.name + " does not serve";
    for (const Member* member : shard.members) {
      if (member != shard.leader && !member->synced && !member->fenced()) return member->name + " is not in step with its master yet";
    }
  }
  if (!world.SlotsSettled()) return "the nodes do not agree yet on who owns which slot";
  return "";
}

namespace {

// What it holds is elsewhere too, or on a claim that it comes back to.
bool Spare(const Shard& shard, const Member& member) {
  return member.claim || (shard.owner != nullptr && shard.owner != &member && !shard.owner_missing && !shard.contested);
}

// A pod that never came up, of a kind that is not wanted any more.
std::optional<Step> ReplaceBroken(const World& world) {
  DeletePods step;
  for (const Shard& shard : world.shards) {
    for (const Member* member : shard.members) {
      const bool broken = member->running() && Replaceable(*member) && !member->answers && !member->pod->problem.empty();
      if (broken && Spare(shard, *member)) step.pods.emplace_back(member->name, member->pod->uid);
    }
  }
  if (step.pods.empty()) return std::nullopt;
  step.why = "it does not run, and is not made from what is wanted now";
  return step;
}

// A smaller maxmemory than what is there would make the new nodes refuse writes.
std::string TooSmall(const World& world, const Shard& shard) {
  const auto wanted = world.settings.find("maxmemory");
  if (shard.leader == nullptr || !shard.leader->used_memory || wanted == world.settings.end()) return "";
  const auto told = shard.leader->pod ? shard.leader->pod->settings.told : SettingMap();
  const auto before = told.find("maxmemory");
  const int64_t most = std::stoll(wanted->second);
  const bool shrinks = before != told.end() && std::stoll(before->second) > most;
  if (!shrinks || *shard.leader->used_memory <= most) return "";
  return shard.name + " uses " + std::to_string(*shard.leader->used_memory) + " bytes of memory, and maxmemory would be " +
         std::to_string(most) + ": raise resources.limits.memory, or shards";
}

api::Operation Roll(const World& world, const std::string& target, const std::string& step) {
  api::Operation roll = world.operation() && world.operation()->kind == "Roll" ? *world.operation() : api::Operation();
  roll.kind = "Roll";
  roll.from_shards = roll.to_shards = world.target_shards;
  roll.target = target;
  roll.step = step;
  return roll;
}

Step HandOver(const World& world, const Shard& shard, const Member& heir) {
  if (world.operation()->target == heir.name) return FailOver{RefOf(heir), shard.owner->name};
  return RecordOperation{Roll(world, heir.name, "handing " + shard.name + " over from " + shard.owner->name + " to " + heir.name)};
}

// The next thing for this shard; nothing if none of its pods is out of date.
std::optional<Step> RollShard(const World& world, const Shard& shard) {
  const Member* heir = nullptr;
  for (const Member* member : shard.members) {
    if (member == shard.leader) continue;
    if (Replaceable(*member)) {
      return DeletePods{{{member->name, member->pod->uid}}, "it is made anew from what the spec says now"};
    }
    if (member->synced && !member->fenced() && (heir == nullptr || member->ordinal < heir->ordinal)) heir = member;
  }
  if (!Replaceable(*shard.leader)) return std::nullopt;
  if (shard.owner == nullptr) {  // a master without slots: nobody asks it anything
    return DeletePods{{{shard.leader->name, shard.leader->pod->uid}}, "it is made anew from what the spec says now"};
  }
  if (heir == nullptr) return Wait{shard.name + " waits for a node that its master can hand over to"};
  return HandOver(world, shard, *heir);
}

}  // namespace

int NodesWanted(const World& world, const Shard& shard) {
  const int wanted = world.NodesPerShard();
  if (wanted > 1 || shard.owner == nullptr || !shard.owner->running() || shard.contested) return wanted;
  const bool rolled = Replaceable(*shard.owner) && Rolls(world) && world.operation() && world.operation()->kind == "Roll";
  // (A fenced one does not count, so another is made anyway.)
  return rolled || (MustLeave(world, *shard.owner->pod) && !shard.owner->fenced()) ? wanted + 1 : wanted;
}

std::optional<Step> RollOutdated(const World& world) {
  const auto outdated = Outdated(world);
  const bool rolling = world.operation() && world.operation()->kind == "Roll";
  if (outdated.empty() || !Rolls(world)) {
    if (!rolling) return std::nullopt;
    if (!outdated.empty()) return FinishOperation{"RollDropped", "spec.update.mode is OnDelete now", false};
    // The last one is not made yet, or not in step.
    if (const std::string why = Unrest(world); !why.empty()) return Wait{why};
    return FinishOperation{"NodesUpdated", "every node is as the spec says", false};
  }
  if (world.operation() && !rolling) return std::nullopt;
  if (!rolling) return RecordOperation{Roll(world, "", std::to_string(outdated.size()) + " nodes are to be made anew")};
  if (auto step = ReplaceBroken(world)) return step;
  if (const std::string why = Unrest(world); !why.empty()) return Wait{why};
  for (const Shard& shard : world.shards) {
    const bool concerned = std::any_of(shard.members.begin(), shard.members.end(), [](const Member* m) { return Replaceable(*m); });
    if (!concerned) continue;
    if (const std::string why = TooSmall(world, shard); !why.empty()) return Wait{why};
    return RollShard(world, shard);
  }
  return std::nullopt;
}

}  // namespace windlass::reconcile
