// Joins pods, claims and reports into members, ghosts and shards.
//
// Shard membership is read live: a node belongs with the master it follows. The
// label on the pod names the group, and speaks for nodes that are not in the
// cluster yet.
#include "operator/reconcile/world.h"

#include <algorithm>

#include "operator/api/names.h"
#include "operator/api/quantity.h"
#include "operator/base/text.h"
#include "operator/reconcile/update_window.h"
#include "operator/resources/builders.h"

namespace windlass::reconcile {
namespace {

using topology::Node;
using topology::NodeReport;

constexpr char kShardPrefix[] = "shard-";

void ReadReport(const topology::ClusterView& view, const NodeReport& report, Member* member) {
  const topology::NodeLine* self = report.Myself();
  if (!report.ok() || self == nullptr) return;
  member->answers = true;
  member->id = self->id;
  member->loading = report.Loading();
  member->serves = report.ClusterStateOk();
  member->keys = report.keys;
  member->run_id = report.Info("run_id").value_or("");
  member->used_memory = report.InfoInt("used_memory");
  member->config_epoch = self->config_epoch;
  member->offset = report.replication.offset;
  member->link_up = report.replication.link_up;
  member->copying = report.replication.sync_in_progress;
  member->known_nodes = static_cast<int>(report.nodes.size());
  if (const Node* node = view.Find(self->id)) {
    member->master = node->master;
    member->master_id = node->master_id;
    member->slots = node->slots.size();
    member->synced = !node->master && view.Synced(self->id, kSyncedLagBytes);
  }
}

// Mutual acquaintance with every answering slot owner.
bool Joined(const topology::ClusterView& view, const Member& member, const std::vector<const Node*>& owners) {
  const Node* node = view.Find(member.id);
  if (!member.answers || node == nullptr || owners.empty()) return false;
  for (const Node* owner : owners) {
    if (owner == node) continue;
    if (!node->known_by.Has(*owner) || !owner->known_by.Has(*node)) return false;
  }
  return true;
}

// Whether the node is of this cluster by the word of anybody in it. While nobody is, the
// word of all counts.
bool KnownInside(const World& world, const Node& node) {
  bool anybody = false;
  for (const Member& member : world.members) {
    if (!member.joined) continue;
    if (node.known_by.HasId(member.id)) return true;
    anybody = true;
  }
  return !anybody && !node.known_by.empty();
}

// By most of the owners that know it, it is no master, or follows another.
bool PartDoubted(const Member& member, const std::vector<const NodeReport*>& owners) {
  size_t asked = 0, against = 0;
  for (const NodeReport* owner : owners) {
    const topology::NodeLine* line = owner->Myself()->id == member.id ? nullptr : owner->nodes.Find(member.id);
    if (line == nullptr || !line->tells_part()) continue;
    ++asked;
    against += line->master != member.master || line->master_id != member.master_id;
  }
  return 2 * against > asked;
}

// REQUIRES: who is joined is known.
void FindDoubted(World* world) {
  constexpr size_t kWitnesses = 16;
  std::vector<const NodeReport*> owners;
  for (const Member* owner : world->Owners()) {
    if (owners.size() < kWitnesses) owners.push_back(world->view.ReportOf(owner->id));
  }
  for (Member& member : world->members) member.doubted = member.answers && PartDoubted(member, owners);
}

// A node that answers where another of its name lives is not that one. One at another
// address has taken its place, as far as Kubernetes goes.
void FindImpostors(World* world) {
  for (const Ghost& ghost : world->ghosts) {
    for (Member& member : world->members) {
      const bool same_place = member.name == ghost.name && member.address.host == world->view.Find(ghost.id)->address.host;
      if (ghost.linked && same_place && member.answers) member.doubted = true;
    }
  }
}

std::vector<Ghost> FindGhosts(const World& world, const std::map<std::string, ClaimFact>& claims) {
  std::set<std::string> ours;
  for (const Member& member : world.members) {
    if (member.pod) ours.insert(member.id);
  }
  std::vector<Ghost> ghosts;
  for (const auto& [id, node] : world.view.nodes()) {
    if (ours.count(id) != 0 || !KnownInside(world, node)) continue;
    Ghost ghost;
    ghost.id = id;
    ghost.name = node.hostname;
    ghost.slots = node.slots.size();
    ghost.claim = claims.count(node.hostname) != 0;
    ghost.linked = !node.linked_by.empty();
    ghost.known_by = node.known_by;
    ghosts.push_back(std::move(ghost));
  }
  return ghosts;
}

// The master's id around which a member is grouped; its own name if by label only.
std::string GroupKey(const World& world, const Member& member) {
  if (!member.joined) return "";
  if (member.master) return member.id;
  if (member.doubted) return "";
  const Node* master = world.view.Find(member.master_id);
  const bool lives = master != nullptr && (master->reported || !master->slots.empty());
  return lives ? member.master_id : "";
}

// The label most members of a live group have; the master's if there is a tie.
std::string GroupLabel(const std::vector<Member*>& group) {
  std::map<std::string, int> votes;
  for (const Member* member : group) {
    if (member->shard.empty()) continue;
    votes[member->shard] += 2;
    if (member->master) votes[member->shard] += 1;
  }
  std::string best;
  for (const auto& [label, count] : votes) {
    if (best.empty() || count > votes[best]) best = label;
  }
  return best;
}

// Gives every group that owns slots a name. Two that share a label are told
// apart, unless they claim the same slots: then one is an old master that has
// not stepped down yet. Groups without slots keep their labels.
void NameGroups(World* world) {
  std::map<std::string, std::vector<Member*>> groups;
  for (Member& member : world->members) {
    const std::string key = GroupKey(*world, member);
    if (!key.empty()) groups[key].push_back(&member);
  }
  std::vector<std::pair<int, std::string>> order;  // those with most slots name themselves first
  for (const auto& [master_id, group] : groups) {
    const Node* master = world->view.Find(master_id);
    order.emplace_back(master == nullptr ? 0 : -master->slots.size(), master_id);
  }
  std::sort(order.begin(), order.end());
  std::map<std::string, slot::SlotSet> taken;
  for (const auto& [weight, master_id] : order) {
    if (weight == 0) continue;
    const slot::SlotSet& slots = world->view.Find(master_id)->slots;
    std::string name = GroupLabel(groups[master_id]);
    const auto other = taken.find(name);
    if (!ShardNumber(name) || (other != taken.end() && !other->second.Intersects(slots))) {
      name = ShardName(world->next_shard_number++);
    }
    taken[name] |= slots;
    for (Member* member : groups[master_id]) member->shard = name;
  }
}

const Member* PickLeader(const Shard& shard) {
  if (shard.owner != nullptr) return shard.owner;
  const Member* leader = nullptr;
  int most = -1;
  for (const Member* member : shard.members) {
    if (!member->joined || !member->master || !member->running()) continue;
    int followers = 0;
    for (const Member* other : shard.members) followers += other->master_id == member->id && !member->id.empty();
    if (followers > most) {
      most = followers;
      leader = member;
    }
  }
  return leader;
}

void FillShard(const World& world, Shard* shard) {
  for (const Member* member : shard->members) {
    if (member->answers && member->master && member->slots > 0 &&
        (shard->owner == nullptr || member->config_epoch > shard->owner->config_epoch)) {
      shard->contested = shard->owner != nullptr;
      shard->owner = member;
    } else if (member->answers && member->master && member->slots > 0) {
      shard->contested = true;
    }
    const Node* node = member->id.empty() ? nullptr : world.view.Find(member->id);
    if (!member->answers && node != nullptr && !node->slots.empty()) shard->owner_missing = true;
    const Node* master = member->master_id.empty() ? nullptr : world.view.Find(member->master_id);
    if (member->answers && master != nullptr && !master->reported && !master->slots.empty()) shard->owner_missing = true;
  }
  if (shard->owner != nullptr) {
    shard->owner_missing = false;
    shard->slots = world.view.Find(shard->owner->id)->slots;
  }
  shard->leader = PickLeader(*shard);
  for (const Member* member : shard->members) {
    shard->synced_replicas += !member->fenced() && shard->leader != nullptr && member->synced && member->master_id == shard->leader->id;
  }
}

void BuildShards(World* world) {
  std::map<int, Shard> shards;
  for (const Member& member : world->members) {
    const auto number = ShardNumber(member.shard);
    if (!number || (member.leaving() && member.slots == 0 && !member.joined)) continue;
    Shard& shard = shards[*number];
    shard.name = member.shard;
    shard.number = *number;
    shard.members.push_back(&member);
  }
  for (auto& [number, shard] : shards) {
    FillShard(*world, &shard);
    world->shards.push_back(std::move(shard));
  }
}

Member& MemberNamed(World* world, std::map<std::string, size_t>* index, const std::string& name) {
  const auto [entry, added] = index->try_emplace(name, world->members.size());
  if (added) {
    world->members.emplace_back();
    world->members.back().name = name;
    world->members.back().ordinal = api::NodeOrdinal(world->cluster->metadata.name, name).value_or(-1);
  }
  return world->members[entry->second];
}

// All that differs is what the container may use, and no memory is taken from it: what
// it holds might not fit.
bool CanResize(const api::RedisCluster& cluster, const PodFact& pod) {
  const auto before = pod.resources.empty() ? std::nullopt : resources::ResourcesFromText(pod.resources);
  if (!before) return false;
  api::RedisCluster as_before = cluster;
  as_before.spec.resources = *before;
  if (resources::TemplateHash(as_before) != pod.template_hash) return false;
  const auto bytes = [](const api::Resources& resources) {
    const auto limit = resources.limits.find("memory");
    return limit == resources.limits.end() ? 0 : api::ParseQuantity(limit->second).value_or(0);
  };
  return bytes(*before) > 0 && bytes(cluster.spec.resources) >= bytes(*before);
}

void AddPods(const Observation& seen, World* world) {
  std::map<std::string, size_t> index;
  for (const PodFact& pod : seen.pods) {
    Member& member = MemberNamed(world, &index, pod.name);
    member.pod = pod;
    member.shard = pod.shard;
    member.id = pod.node_id;
    member.address = {pod.ip, api::kRedisPort};
    const bool other_template = !pod.template_hash.empty() && pod.template_hash != world->template_hash;
    member.outdated = other_template || !pod.settings.restart_for.empty();
    member.resizable = other_template && pod.settings.restart_for.empty() && seen.resize_refused.empty() &&
                       pod.resize_problem.empty() && CanResize(*world->cluster, pod);
  }
  std::set<std::string> ids;
  for (const auto& [name, claim] : seen.claims) {
    const auto ordinal = api::NodeOrdinal(world->cluster->metadata.name, name);
    world->next_ordinal = std::max(world->next_ordinal, ordinal.value_or(-1) + 1);
    if (claim.orphan && index.count(name) == 0) world->orphan_claims.push_back(name);
    if (claim.shard.empty()) continue;
    Member& member = MemberNamed(world, &index, name);
    member.claim = true;
    member.volume = claim;
    if (member.shard.empty()) member.shard = claim.shard;
    ids.insert(claim.cluster_id);
  }
  if (ids.size() == 1) world->claimed_cluster_id = *ids.begin();
  std::sort(world->members.begin(), world->members.end(), [](const Member& a, const Member& b) { return a.ordinal < b.ordinal; });
}

// <cluster>-<n> in a host name, as a word of it; nothing if it is not there.
std::string PodNameIn(const std::string& cluster, const std::string& host) {
  const std::string begin = cluster + "-";
  for (size_t at = host.find(begin); at != std::string::npos; at = host.find(begin, at + 1)) {
    size_t end = at + begin.size();
    while (end < host.size() && host[end] >= '0' && host[end] <= '9') ++end;
    const bool whole = (at == 0 || host[at - 1] == '.' || host[at - 1] == '-') && (end == host.size() || host[end] == '.' || host[end] == '-');
    const std::string name = host.substr(at, end - at);
    if (whole && api::NodeOrdinal(cluster, name)) return name;
  }
  return "";
}

// By whatever name they are announced, here nodes have the names of their pods. Whether
// all are announced by the name that they are to have.
bool CutHostNames(const api::RedisCluster& cluster, std::vector<NodeReport>* reports) {
  bool all_as_wanted = true;
  const auto cut = [&](topology::NodeLine* line) {
    const std::string pod = PodNameIn(cluster.metadata.name, line->hostname);
    if (pod.empty()) return;
    all_as_wanted = all_as_wanted && line->hostname == resources::AnnouncedName(cluster, pod);
    line->hostname = pod;
  };
  std::map<topology::NodeLines::Table, topology::NodeLines::Table> tables;  // as said → as cut
  for (NodeReport& report : *reports) {
    if (!report.ok() || report.Myself() == nullptr) continue;
    topology::NodeLines::Table& table = tables[report.nodes.table()];
    if (table == nullptr) {
      std::vector<topology::NodeLine> lines = report.nodes.table()->lines();
      for (topology::NodeLine& line : lines) cut(&line);
      table = std::make_shared<topology::NodeTable>(std::move(lines));
    }
    topology::NodeLine own = *report.Myself();
    cut(&own);
    report.nodes = topology::NodeLines(table, report.nodes.own_at(), std::move(own));
  }
  return all_as_wanted;
}

void CountNumbers(World* world) {
  const std::string& name = world->cluster->metadata.name;
  for (const Member& member : world->members) {
    world->next_ordinal = std::max(world->next_ordinal, member.ordinal + 1);
    world->next_shard_number = std::max(world->next_shard_number, ShardNumber(member.shard).value_or(-1) + 1);
  }
  for (const auto& [id, node] : world->view.nodes()) {
    world->next_ordinal = std::max(world->next_ordinal, api::NodeOrdinal(name, node.hostname).value_or(-1) + 1);
  }
}

}  // namespace

std::string ShardName(int number) { return kShardPrefix + std::to_string(number); }

std::optional<int> ShardNumber(const std::string& name) {
  const std::string prefix = kShardPrefix;
  if (name.rfind(prefix, 0) != 0) return std::nullopt;
  const auto number = base::ParseUint(std::string_view(name).substr(prefix.size()));
  if (!number || *number > 1000000) return std::nullopt;
  return static_cast<int>(*number);
}

World BuildWorld(Observation seen) {
  World world;
  world.cluster = seen.cluster;
  world.image = seen.image;
  world.template_hash = resources::TemplateHash(*seen.cluster);
  world.settings = resources::Settings(seen.cluster->spec);
  world.passwords = seen.passwords;
  world.overlap_until_ms = seen.overlap_until_ms;
  world.target_shards = seen.target_shards;
  world.now_ms = seen.now_ms;
  world.creation_refused = seen.creation_refused;
  world.may_create = seen.may_create;
  world.growth_refused = seen.growth_refused;
  world.may_grow = seen.may_grow;
  world.resize_refused = seen.resize_refused;
  world.family_drift = seen.family_drift;
  AddPods(seen, &world);
  if (const auto& window = world.spec().update.window) {
    const WindowState state = WindowAt(*window, world.now_ms);
    world.window_open = state.open;
    world.window_opens_ms = state.opens_ms;
  }
  const bool named = CutHostNames(*seen.cluster, &seen.reports);
  // Clients are told names once every node has one by which it is found.
  if (named && resources::IsToldByName(*seen.cluster)) world.settings["cluster-preferred-endpoint-type"] = "hostname";
  world.view = topology::ClusterView(std::move(seen.reports));
  std::map<topology::Address, const NodeReport*> asked;
  for (const NodeReport& report : world.view.reports()) asked[report.asked] = &report;
  for (Member& member : world.members) {
    const auto report = asked.find(member.address);
    if (member.pod && !member.pod->ip.empty() && report != asked.end()) ReadReport(world.view, *report->second, &member);
  }
  std::vector<const Node*> owners;
  for (const Member* owner : world.Owners()) owners.push_back(world.view.Find(owner->id));
  for (Member& member : world.members) member.joined = Joined(world.view, member, owners);
  FindDoubted(&world);
  CountNumbers(&world);
  NameGroups(&world);
  world.ghosts = FindGhosts(world, seen.claims);
  FindImpostors(&world);
  BuildShards(&world);
  return world;
}

const Member* World::FindMember(const std::string& name) const {
  for (const Member& member : members) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

const Member* World::FindId(const std::string& node_id) const {
  if (node_id.empty()) return nullptr;
  for (const Member& member : members) {
    if (member.pod && member.id == node_id) return &member;
  }
  return nullptr;
}

const Shard* World::FindShard(const std::string& name) const {
  for (const Shard& shard : shards) {
    if (shard.name == name) return &shard;
  }
  return nullptr;
}

std::vector<const Member*> World::Answering() const {
  std::vector<const Member*> found;
  for (const Member& member : members) {
    if (member.answers) found.push_back(&member);
  }
  return found;
}

std::vector<const Member*> World::Owners() const {
  std::vector<const Member*> found;
  for (const Member& member : members) {
    if (member.answers && member.master && member.slots > 0) found.push_back(&member);
  }
  return found;
}

bool World::AllAnswer() const {
  for (const Member& member : members) {
    if (member.running() && (!member.answers || member.loading)) return false;
  }
  return true;
}

bool World::SlotsSettled() const {
  slot::SlotSet owned;
  int count = 0;
  for (const Member* owner : Owners()) {
    const Node* node = view.Find(owner->id);
    owned |= node->slots;
    count += node->slots.size();
  }
  if (count != slot::kSlotCount || owned.size() != slot::kSlotCount) return false;
  int opinions = 0;  // of nodes in the cluster; strangers know no slots yet
  for (const topology::SlotMapOpinion& opinion : view.Opinions()) {
    opinions += std::any_of(opinion.reporters.begin(), opinion.reporters.end(), [this](const std::string& reporter) {
      const Member* member = FindId(reporter);
      return member != nullptr && member->joined;
    });
  }
  return opinions == 1;
}

std::optional<slot::SlotSet> World::LostSlots() const {
  // A pod that does not answer, and a claim without its pod, may hold anything.
  for (const Member& member : members) {
    if (!member.pod || !member.answers || member.loading || member.pod->terminating) return std::nullopt;
  }
  if (members.empty()) return std::nullopt;
  for (const Ghost& ghost : ghosts) {
    if (ghost.slots == 0) continue;
    if (ghost.linked) return std::nullopt;  // it lives, where we do not see it
    // Under its name another node answers: what it held was taken from below it.
    if (ghost.claim && FindMember(ghost.name) == nullptr) return std::nullopt;
    for (const Member& member : members) {
      if (!member.master && member.master_id == ghost.id) return slot::SlotSet();  // its replica is alive
    }
  }
  slot::SlotSet lost = slot::SlotSet::All();
  for (const Member* owner : Owners()) lost -= view.Find(owner->id)->slots;
  if (lost.empty()) return lost;
  // The answers are not of one moment: a slot that has just changed hands may be claimed
  // by neither end. Whom anybody names, if it lives, has it.
  for (const topology::SlotMapOpinion& opinion : view.Opinions()) {
    for (const auto& [id, ranges] : opinion.map) {
      if (FindId(id) == nullptr) continue;
      slot::SlotSet named;
      for (const slot::SlotRange& range : ranges) named.Add(range);
      lost -= named;
    }
  }
  return lost;
}

}  // namespace windlass::reconcile
