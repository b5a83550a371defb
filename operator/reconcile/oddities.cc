// See oddities.h.
#include "operator/reconcile/oddities.h"

namespace windlass::reconcile {
namespace {

using topology::NodeLine;
using topology::NodeReport;

constexpr int64_t kLastsMs = 3000;

std::string NameOf(const World& world, const std::string& id) {
  const Member* member = world.FindId(id);
  return member == nullptr ? "node " + id.substr(0, 8) : member->name;
}

std::string Part(const World& world, bool master, const std::string& master_id, int slots) {
  return master ? "a master of " + std::to_string(slots) + " slots" : "a replica of " + NameOf(world, master_id);
}

slot::SlotSet SlotsIn(const NodeLine& line) {
  slot::SlotSet set;
  for (const slot::SlotRange& range : line.slots) set.Add(range);
  return set;
}

// It was seen in this pod, and Kubernetes knows of no reason.
void AddSilence(const World& world, const Member& member, std::vector<Oddity>* found) {
  if (member.id.empty() || member.fenced() || !member.pod->problem.empty()) return;
  for (const NodeReport* report : world.view.Silent()) {
    if (report->asked != member.address) continue;
    found->push_back({member.name + " silent", member.name + " does not answer (" + report->error + "); nothing is concluded from that", true});
  }
}

// Another node than the one that the others have a link to.
bool AddImpostor(const World& world, const Member& member, std::vector<Oddity>* found) {
  for (const Ghost& ghost : world.ghosts) {
    if (!member.doubted || !ghost.linked || ghost.name != member.name) continue;
    found->push_back({member.name + " impostor", member.name + " answers as node " + member.id.substr(0, 8) + ", but the others have a living link to node " +
                                                     ghost.id.substr(0, 8) + " of that name: it is neither let in, nor is that one forgotten"});
    return true;
  }
  return false;
}

// What most owners that know it say of it, where that is not what it says.
void AddContradiction(const World& world, const Member& member, bool slots_move, std::vector<Oddity>* found) {
  const topology::Node& own = *world.view.Find(member.id);
  int asked = 0, against = 0;
  std::string said, by;
  for (const Member* owner : world.Owners()) {
    const NodeLine* line = owner == &member ? nullptr : world.view.ReportOf(owner->id)->nodes.Find(member.id);
    if (line == nullptr || !line->tells_part()) continue;
    ++asked;
    const slot::SlotSet named = SlotsIn(*line);
    const bool same_part = line->master == own.master && line->master_id == own.master_id;
    if (same_part && (slots_move || named == own.slots)) continue;
    if (against++ > 0) continue;
    said = Part(world, line->master, line->master_id, named.size());
    by = owner->name;
  }
  if (2 * against <= asked) return;
  const std::string others = against == 1 ? " says" : " and " + std::to_string(against - 1) + " more masters say";
  found->push_back({member.name + " part", member.name + " says of itself that it is " + Part(world, own.master, own.master_id, own.slots.size()) + ", but " +
                                               by + others + " that it is " + said + "; nothing is done until they agree"});
}

}  // namespace

std::vector<Oddity> Oddities(const World& world) {
  std::vector<Oddity> found;
  if (world.status().cluster_id.empty() || world.spec().hibernated) return found;
  // Slots that change hands are told to one node after the other.
  const bool slots_move = (world.operation() && !world.operation()->moves.empty()) || world.SlotsSettled();
  for (const Member& member : world.members) {
    if (!member.running()) continue;
    if (!member.answers) {
      AddSilence(world, member, &found);
    } else if (!AddImpostor(world, member, &found) && (member.doubted || !slots_move)) {
      AddContradiction(world, member, slots_move, &found);
    }
  }
  return found;
}

std::vector<Oddity> Patience::Lasting(const std::vector<Oddity>& seen, int64_t now_ms) {
  std::map<std::string, Known> known;
  std::vector<Oddity> lasting;
  for (const Oddity& oddity : seen) {
    const auto before = known_.find(oddity.key);
    const Known& entry = known[oddity.key] = before == known_.end() ? Known{now_ms, oddity} : before->second;
    if (now_ms - entry.since_ms >= kLastsMs) lasting.push_back(entry.oddity);
  }
  known_ = std::move(known);
  return lasting;
}

}  // namespace windlass::reconcile
