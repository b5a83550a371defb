// Masters are spread over the zones: after failovers they are handed back to where
// there are fewest, while all is well and nothing else is to do.
#include <map>

#include "operator/reconcile/phases.h"

namespace windlass::reconcile {
namespace {

struct Handover {
  const Shard* shard;
  const Member* heir;
};

// Zone → masters with slots; every zone in which a node of the cluster is. Nothing
// if a zone is not known: unknown is not elsewhere.
std::optional<std::map<std::string, int>> MastersByZone(const World& world) {
  std::map<std::string, int> count;
  for (const Member& member : world.members) {
    if (!member.pod || member.pod->zone.empty()) return std::nullopt;
    if (!member.pod->cordoned) count.try_emplace(member.pod->zone, 0);
  }
  for (const Shard& shard : world.shards) {
    if (shard.owner != nullptr && shard.owner->pod) ++count[shard.owner->pod->zone];
  }
  return count;
}

// From the fullest zone to the emptiest that differs by two or more: each handover
// then lessens the difference, and none is ever taken back.
std::optional<Handover> NextHandover(const World& world) {
  if (world.spec().pod.zones == api::Spread::kOff) return std::nullopt;
  const auto count = MastersByZone(world);
  if (!count) return std::nullopt;
  std::optional<Handover> best;
  int most = 1;
  for (const Shard& shard : world.shards) {
    if (shard.owner == nullptr || !shard.owner->pod) continue;
    for (const Member* member : shard.members) {
      if (!member->synced || !member->running() || MustLeave(world, *member->pod) || member->outdated) continue;
      const int gain = count->at(shard.owner->pod->zone) - count->at(member->pod->zone);
      if (gain <= most) continue;
      most = gain;
      best = Handover{&shard, member};
    }
  }
  return best;
}

}  // namespace

std::string ZoneCrowding(const World& world) {
  const auto next = NextHandover(world);
  if (!next) return "";
  return "zone " + next->shard->owner->pod->zone + " has too many masters; " + next->shard->name + " can be handed over to " +
         next->heir->name + " in zone " + next->heir->pod->zone;
}

std::optional<Step> SpreadMasters(const World& world) {
  const auto& operation = world.operation();
  const bool ours = operation && operation->kind == "Spread";
  if (operation && !ours) return std::nullopt;
  const auto next = NextHandover(world);
  if (!next || !Unrest(world).empty()) {
    if (ours) return FinishOperation{"", "", false};
    return std::nullopt;
  }
  if (ours && operation->target == next->heir->name) return FailOver{RefOf(*next->heir), next->shard->owner->name};
  api::Operation spread;
  spread.kind = "Spread";
  spread.target = next->heir->name;
  spread.from_shards = spread.to_shards = world.target_shards;
  spread.step = ZoneCrowding(world);
  return RecordOperation{spread};
}

}  // namespace windlass::reconcile
