// See roll_plan.h.
#include "operator/reconcile/roll_plan.h"

#include <algorithm>

#include "operator/base/encoding.h"
#include "operator/base/time.h"
#include "operator/reconcile/phases.h"
#include "operator/resources/builders.h"

namespace windlass::reconcile {
namespace {

// As a Deployment's progressDeadlineSeconds is by default.
constexpr int64_t kInStepMs = 600'000;
// A container that has been started anew is not trusted sooner; as Kubernetes
// forgets its back-off.
constexpr int64_t kTrustAgainMs = 600'000;
constexpr size_t kMarkLength = 16;
constexpr size_t kNamesTold = 8;

std::string MemberUnrest(const Member& member) {
  if (member.fenced()) return "";
  if (!member.pod || !member.running()) return member.name + " is not back yet";
  const std::string& problem = member.pod->problem;
  if (!member.joined || member.loading) return member.name + (problem.empty() ? " is not in the cluster yet" : ": " + problem);
  return "";
}

// Of its master, and who follows it.
std::string RoleUnrest(const Shard& shard) {
  if (shard.leader == nullptr || shard.owner_missing || shard.contested) return shard.name + " has no master";
  if (!shard.leader->serves) return "the master of " + shard.name + " does not serve";
  for (const Member* member : shard.members) {
    if (member != shard.leader && !member->synced && !member->fenced()) return member->name + " is not in step with its master yet";
  }
  return "";
}

bool OutOfDate(const Member* member) { return member->running() && Replaceable(*member); }

bool AnyOutdated(const Shard& shard) { return std::any_of(shard.members.begin(), shard.members.end(), OutOfDate); }

// One of its pods has been made anew, or is about to be.
bool Begun(const World& world, const Shard& shard) {
  const auto old = std::count_if(shard.members.begin(), shard.members.end(), OutOfDate);
  return old > 0 && (old < static_cast<int>(shard.members.size()) || old < world.NodesPerShard());
}

struct Stages {
  std::vector<const Shard*> begun;      // and not all of the new kind
  std::vector<const Shard*> untouched;  // all of the old kind
  int ending = 0;                       // of the new kind, and not well yet, or with a node too many
  int done = 0;
  std::string unrest;  // of a shard that the roll has not touched
};

Stages StagesOf(const World& world) {
  Stages stages;
  for (const Shard& shard : world.shards) {
    const std::string unrest = ShardUnrest(shard);
    if (!AnyOutdated(shard)) {
      ++(unrest.empty() && LastingNodes(shard) <= world.NodesPerShard() ? stages.done : stages.ending);
    } else if (Begun(world, shard)) {
      stages.begun.push_back(&shard);
    } else {
      stages.untouched.push_back(&shard);
      if (stages.unrest.empty()) stages.unrest = unrest;
    }
  }
  return stages;
}

std::string OutdatedNames(const World& world, int* count) {
  std::string names;
  *count = 0;
  for (const Member& member : world.members) {
    if (!OutOfDate(&member)) continue;
    if (++*count <= static_cast<int>(kNamesTold)) names += (names.empty() ? "" : ", ") + member.name;
  }
  return *count > static_cast<int>(kNamesTold) ? names + ", …" : names;
}

}  // namespace

bool Replaceable(const Member& member) { return member.outdated && !member.resizable && !member.fenced(); }

bool Rolls(const World& world) { return world.spec().update.mode == api::Update::Mode::kRolling; }

bool RollUnderWay(const World& world) { return world.operation() && world.operation()->kind == "Roll"; }

int LastingNodes(const Shard& shard) {
  return static_cast<int>(std::count_if(shard.members.begin(), shard.members.end(), [](const Member* m) { return m->running() && !m->fenced(); }));
}

std::string ShardUnrest(const Shard& shard) {
  for (const Member* member : shard.members) {
    if (std::string why = MemberUnrest(*member); !why.empty()) return why;
  }
  return RoleUnrest(shard);
}

std::string Unrest(const World& world) {
  for (const Member& member : world.members) {
    if (std::string why = MemberUnrest(member); !why.empty()) return why;
  }
  for (const Shard& shard : world.shards) {
    if (std::string why = RoleUnrest(shard); !why.empty()) return why;
  }
  if (!world.SlotsSettled()) return "the nodes do not agree yet on who owns which slot";
  return "";
}

std::vector<const Shard*> ShardsRolledNow(const World& world) {
  const Stages stages = StagesOf(world);
  const api::Update& update = world.spec().update;
  const int most = std::max(0, (stages.done < update.canary_shards ? 1 : update.parallel_shards) - stages.ending);
  std::vector<const Shard*> now = stages.begun;
  if (stages.unrest.empty() && world.window_open) now.insert(now.end(), stages.untouched.begin(), stages.untouched.end());
  now.resize(std::min(now.size(), static_cast<size_t>(most)));
  return now;
}

bool Surges(const World& world, const Shard& shard) {
  if (!Rolls(world) || !RollUnderWay(world) || world.spec().update.surge == api::Surge::kNever || shard.owner == nullptr) return false;
  const bool alone = world.NodesPerShard() == 1;
  if (alone ? !Replaceable(*shard.owner) : world.spec().update.surge != api::Surge::kAlways || !AnyOutdated(shard)) return false;
  if (Begun(world, shard)) return true;
  const auto now = ShardsRolledNow(world);
  return std::find(now.begin(), now.end(), &shard) != now.end();
}

bool AnyBegun(const World& world) {
  const Stages stages = StagesOf(world);
  return !stages.begun.empty() || stages.ending > 0;
}

std::string WindowText(const World& world) {
  return world.window_opens_ms == 0 ? "never opens" : "opens next at " + base::Rfc3339(world.window_opens_ms);
}

std::string RollMark(const World& world) {
  const api::Update& update = world.spec().update;
  std::string text = world.template_hash + "\n" + std::to_string(static_cast<int>(update.surge)) + "\n" +
                     std::to_string(update.canary_shards) + "\n" + std::to_string(update.parallel_shards) + "\n";
  for (const auto& [name, value] : resources::Settings(world.spec())) text += name + " " + value + "\n";
  return base::Sha256Hex(text).substr(0, kMarkLength);
}

std::string NewKindTrouble(const World& world) {
  for (const Member& member : world.members) {
    if (!member.running() || member.outdated || member.fenced()) continue;
    if (!member.pod->problem.empty()) return member.name + ": " + member.pod->problem;
    const bool late = member.pod->created_ms > 0 && world.now_ms - member.pod->created_ms > kInStepMs;
    const bool in_step = member.joined && (member.master || member.synced);
    if (late && !in_step && !member.loading && !member.copying) {
      return member.name + " is not in step " + std::to_string(kInStepMs / 60'000) + " minutes after it was made";
    }
  }
  return "";
}

bool NewKindProven(const World& world) {
  if (!Unrest(world).empty() || !NewKindTrouble(world).empty()) return false;
  for (const Member& member : world.members) {
    if (!member.running() || member.outdated || member.fenced() || member.pod->restarts == 0) continue;
    if (world.now_ms - member.pod->started_ms < kTrustAgainMs) return false;
  }
  return true;
}

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

std::optional<RollHold> HoldOf(const World& world, const std::optional<api::Operation>& operation) {
  int count = 0;
  const std::string names = OutdatedNames(world, &count);
  if (operation && operation->kind == "Roll" && !operation->halted.empty()) {
    return RollHold{"Halted", operation->halted + "; " + std::to_string(count) + " pods are still of the earlier kind: correct the spec or set it back, " +
                                  "and the roll goes on with that"};
  }
  if (count == 0) return std::nullopt;
  if (!Rolls(world)) return RollHold{"OnDelete", "update.mode is OnDelete: delete these pods to have them made anew: " + names};
  if (!world.window_open && !AnyBegun(world)) {
    return RollHold{"WindowClosed", std::to_string(count) + " pods that are out of date wait for update.window, which " + WindowText(world)};
  }
  if (!RollUnderWay(world)) return std::nullopt;
  for (const Shard* shard : ShardsRolledNow(world)) {
    if (std::string why = TooSmall(world, *shard); !why.empty()) return RollHold{"WouldNotFit", why};
  }
  return std::nullopt;
}

std::string CostOfRoll(const World& world) {
  if (!Rolls(world) || world.spec().update.surge != api::Surge::kNever || world.NodesPerShard() > 1) return "";
  return "update.surge Never with replicasPerShard 0: in a roll a shard does not serve while its only pod starts anew; set "
         "update.surge Auto, or replicasPerShard of 1 or more, to avoid that";
}

}  // namespace windlass::reconcile
