// What the bus cannot mend by itself: a master that is gone when too few are left to
// elect, and slots of which nobody is left who held them.
//
// Both go by what Kubernetes says, never by silence: a node that does not answer may
// be cut off from us only, and take writes. So its pod must be gone.
#include <algorithm>

#include "operator/api/validation.h"
#include "operator/reconcile/phases.h"
#include "operator/reconcile/slot_text.h"

namespace windlass::reconcile {
namespace {

bool Formed(const World& world) { return !world.status().cluster_id.empty(); }

// The bus elects by a majority of the masters that own slots, by anybody's word.
bool MajorityAnswers(const World& world) {
  int owners = 0;
  for (const auto& [id, node] : world.view.nodes()) owners += node.master && !node.slots.empty();
  return 2 * static_cast<int>(world.Owners().size()) > owners;
}

// A pod or claim whose node is not known might be the one that looks gone.
bool EveryPodIsKnown(const World& world) {
  return std::all_of(world.members.begin(), world.members.end(), [](const Member& m) { return m.pod && !m.id.empty(); });
}

// Nothing runs this node, and nothing brings it back by itself.
bool GoneForGood(const World& world, const std::string& id) {
  const topology::Node* node = world.view.Find(id);
  if (node == nullptr || node->reported || !node->linked_by.empty()) return false;
  for (const Member& member : world.members) {
    if (member.id != id && member.name != node->hostname) continue;
    // What is on a claim may come back, and be newer than what a replica has.
    if (member.id == id) return member.pod && !member.pod->placed && !member.claim;
    return member.answers;  // as another node: what it held was taken from below it
  }
  if (node->hostname.empty()) return EveryPodIsKnown(world);
  for (const Ghost& ghost : world.ghosts) {
    if (ghost.id == id) return !ghost.claim;
  }
  return false;
}

// Who has most of what the master had.
const Member* BestReplica(const World& world, const std::string& master_id) {
  const Member* best = nullptr;
  for (const Member& member : world.members) {
    if (!member.running() || !member.answers || member.loading || member.master || member.master_id != master_id) continue;
    if (member.link_up) return nullptr;  // its master is alive
    if (best == nullptr || member.offset > best->offset) best = &member;
  }
  return best;
}

struct Succession {
  const Member* heir;
  std::string master_id;
  std::string master_name;
};

std::optional<Succession> NextSuccession(const World& world) {
  if (!Formed(world) || MajorityAnswers(world)) return std::nullopt;
  for (const auto& [id, node] : world.view.nodes()) {
    if (!node.master || node.slots.empty() || !GoneForGood(world, id)) continue;
    const Member* heir = BestReplica(world, id);
    if (heir != nullptr) return Succession{heir, id, node.hostname.empty() ? id : node.hostname};
  }
  return std::nullopt;
}

// Masters without slots that stand ready; nothing if a shard is not there yet.
std::optional<std::vector<const Shard*>> EmptyShards(const World& world) {
  if (static_cast<int>(world.shards.size()) < world.target_shards) return std::nullopt;
  std::vector<const Shard*> empty;
  const auto surplus = SurplusShards(world);
  for (const Shard& shard : world.shards) {
    if (shard.owner != nullptr || std::find(surplus.begin(), surplus.end(), &shard) != surplus.end()) continue;
    const Member* leader = shard.leader;
    if (leader == nullptr || !leader->joined || !leader->running() || leader->keys.value_or(1) != 0) return std::nullopt;
    empty.push_back(&shard);
  }
  return empty;
}

// Each of them a share, in order; without any, the shard with fewest slots takes all.
AssignSlots Share(const World& world, const slot::SlotSet& lost, const std::vector<const Shard*>& empty) {
  std::vector<const Shard*> heirs = empty;
  if (heirs.empty()) {
    const Shard* least = nullptr;
    for (const Shard& shard : world.shards) {
      if (shard.owner != nullptr && (least == nullptr || shard.slots.size() < least->slots.size())) least = &shard;
    }
    if (least != nullptr) heirs.push_back(least);
  }
  AssignSlots step;
  step.lost_slots = LostSlotsText(lost);
  if (heirs.empty()) return step;
  std::vector<slot::SlotSet> shares(heirs.size());
  size_t n = 0;
  const size_t total = static_cast<size_t>(lost.size());
  lost.ForEach([&](slot::SlotId s) { shares[n++ * heirs.size() / total].Add(s); });
  for (size_t i = 0; i < heirs.size(); ++i) {
    for (const slot::SlotRange& range : shares[i].Ranges()) step.ranges.emplace_back(RefOf(*heirs[i]->leader), range);
  }
  return step;
}

}  // namespace

std::string LostSlotsText(const slot::SlotSet& slots) {
  if (slots.empty()) return "";
  const auto texts = SlotTexts(slots);
  return texts.size() == 1 ? texts.front() : texts.front() + ",...";
}

std::optional<Step> TakeOverDead(const World& world) {
  const auto& operation = world.operation();
  const auto next = NextSuccession(world);
  if (!next) {
    if (operation && operation->kind == "TakeOver") return FinishOperation{"", "", false};
    return std::nullopt;
  }
  const std::string why = next->heir->name + " takes over from " + next->master_name +
                          ", whose pod is gone, without a vote: too few masters are left for one";
  const bool intended = operation && operation->kind == "TakeOver" && operation->target == next->heir->name;
  // A plan of moves is not given up for it: it follows the shard.
  if (intended || (operation && !operation->moves.empty())) return TakeOver{RefOf(*next->heir), next->master_name, why};
  api::Operation takeover;
  takeover.kind = "TakeOver";
  takeover.target = next->heir->name;
  takeover.from_shards = takeover.to_shards = world.target_shards;
  takeover.step = why;
  return RecordOperation{takeover};
}

std::optional<Step> ServeLostSlots(const World& world) {
  if (!Formed(world) || world.Owners().empty() || !api::AcceptsLoss(world.spec())) return std::nullopt;
  const auto lost = world.LostSlots();
  if (!lost || lost->empty()) return std::nullopt;
  const auto empty = EmptyShards(world);
  if (!empty) return Wait{"slots " + LostSlotsText(*lost) + " are lost; a shard that can serve them is not ready yet"};
  // Whoever still names the lost node as their owner must forget it first.
  Forget forget;
  for (const Ghost& ghost : world.ghosts) {
    if (ghost.slots == 0) continue;
    for (const Member* member : world.Answering()) {
      if (ghost.known_by.HasId(member->id)) forget.commands.emplace_back(RefOf(*member), ghost.id);
    }
    forget.why = (ghost.name.empty() ? ghost.id : ghost.name) + " is gone with what it held";
  }
  if (!forget.commands.empty()) return forget;
  AssignSlots step = Share(world, *lost, *empty);
  if (step.ranges.empty()) return std::nullopt;
  return step;
}

}  // namespace windlass::reconcile
