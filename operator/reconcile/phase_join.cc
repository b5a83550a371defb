// Nodes that the cluster does not know, or knows at an address they have left.
#include <map>

#include "operator/reconcile/phases.h"

namespace windlass::reconcile {
namespace {

constexpr size_t kMeetsAtOnce = 256;

// How `who` lists `whom`; null if not at all.
const topology::NodeLine* LineOf(const World& world, const Member& who, const Member& whom) {
  const topology::NodeReport* report = world.view.ReportOf(who.id);
  return report == nullptr ? nullptr : report->nodes.Find(whom.id);
}

bool Meeting(const World& world, const Member& who, const Member& whom) {
  const topology::NodeReport* report = world.view.ReportOf(who.id);
  if (report == nullptr) return false;
  for (const topology::NodeLine& line : report->nodes) {
    if (line.handshake && line.address.host == whom.address.host) return true;
  }
  return false;
}

bool Unknown(const World& world, const Member& who, const Member& whom) {
  const topology::NodeLine* line = LineOf(world, who, whom);
  return line == nullptr || line->noaddr;
}

// It came back at another address and has not said so: a master that is
// restarted without all of its data keeps silent until it hears of a successor,
// and nobody can tell it at the address where it was. Or both came back at once, each
// looking for the other where it was. A link that is being made counts as connected, and
// to an address that nobody has any more that takes seconds: so suspicion counts as well.
bool LookedForInVain(const World& world, const Member& who, const Member& whom) {
  const topology::NodeLine* line = LineOf(world, who, whom);
  if (line == nullptr || line->address.host == whom.address.host) return false;
  return (!line->link_connected || line->pfail || line->fail) && !Meeting(world, who, whom);
}

// Data or slots that the cluster knows nothing of: it came from elsewhere.
bool Foreign(const World& world, const Member& member) {
  for (const Member* owner : world.Owners()) {
    if (owner->id != member.id && LineOf(world, *owner, member) != nullptr) return false;
  }
  return member.slots > 0 || (member.master && member.keys.value_or(1) != 0);
}

// A node that is going, or whose shard is, is not brought in again.
bool Wanted(const Member& member, const std::vector<const Shard*>& surplus) {
  if (member.joined) return true;
  if (!member.running()) return false;
  for (const Shard* shard : surplus) {
    if (shard->name == member.shard && shard->owner == nullptr && !shard->owner_missing) return false;
  }
  return true;
}

// The nodes that answer and with which something is wrong in the eyes of any that is
// told of them. They say so alike who share a table: it is read once.
class Strangers {
 public:
  explicit Strangers(const World& world) : world_(world), answering_(world.Answering()) {}

  // Unknown to `who`, or looked for in vain by it.
  const std::vector<const Member*>& Of(const Member& who) {
    const topology::NodeReport* report = world_.view.ReportOf(who.id);
    if (report == nullptr) return answering_;
    const auto [entry, first] = by_table_.try_emplace(report->nodes.table().get());
    if (!first) return entry->second;
    for (const Member* whom : answering_) {
      if (Unknown(world_, who, *whom) || LookedForInVain(world_, who, *whom)) entry->second.push_back(whom);
    }
    return entry->second;
  }

 private:
  const World& world_;
  const std::vector<const Member*> answering_;
  std::map<const topology::NodeTable*, std::vector<const Member*>> by_table_;
};

}  // namespace

std::optional<Step> JoinNodes(const World& world) {
  const auto owners = world.Owners();
  if (owners.empty()) return std::nullopt;
  const auto surplus = SurplusShards(world);
  Meet meet;
  Strangers strangers(world);
  std::optional<Step> wait;
  for (const Member* a : world.Answering()) {
    if (!a->joined && a->slots == 0 && Foreign(world, *a)) {
      wait = Wait{a->name + " holds keys that the cluster does not know of: it is not let in"};
      continue;
    }
    if (!a->joined || a->doubted) continue;
    for (const Member* b : strangers.Of(*a)) {
      // The one that has been in longer is told of the other.
      const bool a_introduces = !b->joined || a->ordinal < b->ordinal;
      const bool unknown = a_introduces && Unknown(world, *a, *b);
      if (a == b || (!unknown && !LookedForInVain(world, *a, *b))) continue;
      // An introduction takes the place of a link that is there: it is no harmless try.
      if (b->doubted || !Wanted(*b, surplus) || (!b->joined && Foreign(world, *b))) continue;
      if (meet.pairs.size() < kMeetsAtOnce) meet.pairs.emplace_back(RefOf(*a), RefOf(*b));
    }
  }
  if (!meet.pairs.empty()) return meet;
  return wait;
}

}  // namespace windlass::reconcile
