// Pods made from what the spec no longer says are made anew, one at a time in a
// shard: replicas first, then a master once a replica of the new kind has taken over.
//
// A pod goes only while its shard, and every other that the roll has not begun, is
// well: every node is in it and in step. A new kind that does not work stops the roll
// at the first pod, and halts it. A pod that was left so is replaced whatever else is
// amiss, or no correction could reach it.
#include <algorithm>

#include "operator/reconcile/phases.h"
#include "operator/reconcile/roll_plan.h"

namespace windlass::reconcile {
namespace {

constexpr char kMadeAnew[] = "it is made anew from what the spec says now";

std::vector<const Member*> Outdated(const World& world) {
  std::vector<const Member*> found;
  for (const Member& member : world.members) {
    if (member.running() && Replaceable(member)) found.push_back(&member);
  }
  return found;
}

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

api::Operation Roll(const World& world, const std::string& target, const std::string& step) {
  api::Operation roll = RollUnderWay(world) ? *world.operation() : api::Operation();
  roll.kind = "Roll";
  roll.from_shards = roll.to_shards = world.target_shards;
  roll.target = target;
  roll.step = step;
  if (roll.mark.empty()) roll.mark = RollMark(world);
  return roll;
}

// Whether it goes on, is written before anything else is done.
std::optional<Step> HaltOrResume(const World& world) {
  const api::Operation& roll = *world.operation();
  const std::string trouble = NewKindTrouble(world);
  const std::string mark = RollMark(world);
  const bool changed = !roll.mark.empty() && roll.mark != mark;
  const bool resumes = changed || (!roll.halted.empty() && NewKindProven(world));
  if (!resumes && !roll.halted.empty()) return Wait{"halted: " + roll.halted};
  if (!resumes && trouble.empty()) return std::nullopt;
  api::Operation next = Roll(world, "", "");
  next.mark = mark;
  next.halted = resumes ? "" : trouble;
  next.step = resumes ? "going on" : "halted: " + trouble;
  return RecordOperation{next};
}

Step HandOver(const World& world, const Shard& shard, const Member& heir) {
  if (world.operation()->target == heir.name) return FailOver{RefOf(heir), shard.owner->name};
  return RecordOperation{Roll(world, heir.name, "handing " + shard.name + " over from " + shard.owner->name + " to " + heir.name)};
}

Step MakeAnew(const Member& member) { return DeletePods{{{member.name, member.pod->uid}}, kMadeAnew}; }

// The next thing for this shard, which is well; nothing if none of its pods is out of date.
std::optional<Step> RollShard(const World& world, const Shard& shard) {
  // (One that is alone waits for its heir below.)
  const bool beside = world.NodesPerShard() > 1 && Surges(world, shard);
  if (beside && LastingNodes(shard) < NodesWanted(world, shard)) return Wait{shard.name + " waits for a node beside the others"};
  const Member* heir = nullptr;
  for (const Member* member : shard.members) {
    if (member == shard.leader) continue;
    if (Replaceable(*member)) return MakeAnew(*member);
    if (member->synced && !member->fenced() && (heir == nullptr || member->ordinal < heir->ordinal)) heir = member;
  }
  if (!Replaceable(*shard.leader)) return std::nullopt;
  // A master without slots: nobody asks it anything.
  if (shard.owner == nullptr) return MakeAnew(*shard.leader);
  if (heir != nullptr) return HandOver(world, shard, *heir);
  // The spec has it stop for as long as it takes to start; what it holds is on its claim.
  const bool stops = world.spec().update.surge == api::Surge::kNever && world.NodesPerShard() == 1;
  if (stops && shard.members.size() == 1 && shard.owner->claim) return MakeAnew(*shard.owner);
  return Wait{shard.name + " waits for a node that its master can hand over to"};
}

// One step for the shards that are being rolled.
std::optional<Step> RollOn(const World& world) {
  const auto now = ShardsRolledNow(world);
  std::optional<Step> wait;
  for (const Shard& shard : world.shards) {
    if (std::find(now.begin(), now.end(), &shard) == now.end()) continue;
    std::string why = ShardUnrest(shard);
    if (why.empty()) why = TooSmall(world, shard);
    if (why.empty() && !world.SlotsSettled()) why = "the nodes do not agree yet on who owns which slot";
    std::optional<Step> step = why.empty() ? RollShard(world, shard) : Wait{why};
    if (step && !std::holds_alternative<Wait>(*step)) return step;
    if (step && !wait) wait = std::move(step);
  }
  if (wait) return wait;
  // Nothing may be begun.
  const std::string why = Unrest(world);
  return Wait{why.empty() ? "the shards that were begun are not done yet" : why};
}

}  // namespace

int NodesWanted(const World& world, const Shard& shard) {
  const int wanted = world.NodesPerShard();
  if (shard.owner == nullptr || !shard.owner->running() || shard.contested) return wanted;
  if (Surges(world, shard)) return wanted + 1;
  // A fenced one does not count, so another is made anyway.
  return wanted == 1 && MustLeave(world, *shard.owner->pod) && !shard.owner->fenced() ? wanted + 1 : wanted;
}

std::optional<Step> RollOutdated(const World& world) {
  const auto outdated = Outdated(world);
  const bool rolling = RollUnderWay(world);
  if (rolling && Rolls(world)) {
    if (auto step = ReplaceBroken(world)) return step;
    if (auto step = HaltOrResume(world)) return step;
  }
  if (outdated.empty() || !Rolls(world)) {
    if (!rolling) return std::nullopt;
    if (!outdated.empty()) return FinishOperation{"RollDropped", "spec.update.mode is OnDelete now", false};
    // The last one is not made yet, or not in step.
    if (const std::string why = Unrest(world); !why.empty()) return Wait{why};
    return FinishOperation{"NodesUpdated", "every node is as the spec says", false};
  }
  if (world.operation() && !rolling) return std::nullopt;
  if (!world.window_open && !AnyBegun(world)) {
    if (!rolling) return std::nullopt;
    return FinishOperation{"RollPaused", "update.window has closed; it " + WindowText(world), false};
  }
  if (!rolling) return RecordOperation{Roll(world, "", std::to_string(outdated.size()) + " nodes are to be made anew")};
  return RollOn(world);
}

}  // namespace windlass::reconcile
