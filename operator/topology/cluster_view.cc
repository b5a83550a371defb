// Building the merged view: first what each node says of itself, then what it
// says of the others, then the nodes that did not speak.
#include "operator/topology/cluster_view.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace windlass::topology {
namespace {

slot::SlotSet ToSet(const std::vector<slot::SlotRange>& ranges) {
  slot::SlotSet set;
  for (const slot::SlotRange& range : ranges) set.Add(range);
  return set;
}

// In order, and as few as can be: however a node writes the same slots.
std::vector<slot::SlotRange> Joined(std::vector<slot::SlotRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<slot::SlotRange> joined;
  for (const slot::SlotRange& range : ranges) {
    if (joined.empty() || range.first > joined.back().last + 1) {
      joined.push_back(range);
    } else {
      joined.back().last = std::max(joined.back().last, range.last);
    }
  }
  return joined;
}

void CopyFacts(const NodeLine& line, Node& node) {
  node.bus_port = line.bus_port;
  node.hostname = line.hostname;
  node.master = line.master;
  node.master_id = line.master_id;
  node.config_epoch = line.config_epoch;
  node.slots = ToSet(line.slots);
}

bool Lists(const NodeLine& line, slot::SlotId slot) {
  return std::any_of(line.slots.begin(), line.slots.end(), [slot](const slot::SlotRange& range) {
    return range.first <= slot && slot <= range.last;
  });
}

}  // namespace

bool Reporters::Has(const Node& node) const { return node.reported && HasPlace(node.report); }

bool Reporters::HasId(const std::string& id) const {
  if (index_ == nullptr) return false;
  const auto place = index_->find(id);
  return place != index_->end() && HasPlace(place->second);
}

size_t Reporters::size() const {
  size_t count = 0;
  for (const uint64_t word : bits_) count += static_cast<size_t>(std::popcount(word));
  return count;
}

void Reporters::Add(const Index& index, size_t place) {
  index_ = index;
  if (bits_.size() <= place / 64) bits_.resize(place / 64 + 1);
  bits_[place / 64] |= uint64_t{1} << (place % 64);
}

void Reporters::Add(const Reporters& others) {
  index_ = others.index_;
  if (bits_.size() < others.bits_.size()) bits_.resize(others.bits_.size());
  for (size_t i = 0; i < others.bits_.size(); ++i) bits_[i] |= others.bits_[i];
}

ClusterView::ClusterView(std::vector<NodeReport> reports) : reports_(std::move(reports)) {
  std::sort(reports_.begin(), reports_.end(),
            [](const NodeReport& a, const NodeReport& b) { return a.asked < b.asked; });
  std::map<std::string, size_t> report_of;
  for (size_t i = 0; i < reports_.size(); ++i) {
    if (reports_[i].ok()) MergeSelf(i, &report_of);
  }
  report_of_ = std::make_shared<const std::map<std::string, size_t>>(std::move(report_of));
  const std::vector<Chorus> choruses = GatherChoruses();
  for (const Chorus& chorus : choruses) MergeOthers(chorus);
  SettleSilentNodes(choruses);
  GatherOpinions(choruses);
}

void ClusterView::MergeSelf(size_t report_index, std::map<std::string, size_t>* report_of) {
  const NodeReport& report = reports_[report_index];
  const NodeLine* line = report.Myself();
  // The same node asked at two addresses: the first in order speaks for it.
  if (line == nullptr || !report_of->emplace(line->id, report_index).second) return;
  Node& node = nodes_[line->id];
  node.id = line->id;
  node.address = report.asked;
  node.reported = true;
  node.report = report_index;
  CopyFacts(*line, node);
  node.migrating = line->migrating;
  node.importing = line->importing;
}

std::vector<ClusterView::Chorus> ClusterView::GatherChoruses() const {
  std::vector<Chorus> choruses;
  std::map<const NodeTable*, size_t> of_table;
  for (const auto& [id, place] : *report_of_) {
    const NodeLines::Table& table = reports_[place].nodes.table();
    const auto [entry, first] = of_table.try_emplace(table.get(), choruses.size());
    if (first) choruses.push_back({table, {}, {}});
    choruses[entry->second].reporters.Add(report_of_, place);
    choruses[entry->second].reports.push_back(place);
  }
  return choruses;
}

void ClusterView::MergeOthers(const Chorus& chorus) {
  for (const NodeLine& line : chorus.table->lines()) {
    if (line.handshake) continue;
    Node& node = nodes_[line.id];
    node.id = line.id;
    node.known_by.Add(chorus.reporters);
    if (line.fail) node.failed_by.Add(chorus.reporters);
    if (line.pfail) node.suspected_by.Add(chorus.reporters);
    if (line.link_connected && !line.pfail && !line.fail && !line.noaddr) node.linked_by.Add(chorus.reporters);
  }
}

void ClusterView::SettleSilentNodes(const std::vector<Chorus>& choruses) {
  std::map<std::string, const NodeLine*> best;
  for (const Chorus& chorus : choruses) {
    for (const NodeLine& line : chorus.table->lines()) {
      if (line.handshake || nodes_.at(line.id).reported) continue;
      const NodeLine*& known = best[line.id];
      if (known == nullptr || std::tie(line.config_epoch, line.pong_received_ms) >
                                  std::tie(known->config_epoch, known->pong_received_ms)) {
        known = &line;
      }
    }
  }
  for (const auto& [id, line] : best) {
    Node& node = nodes_.at(id);
    CopyFacts(*line, node);
    node.address = line->address;
  }
}

const Node* ClusterView::Find(const std::string& id) const {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

const Node* ClusterView::FindByAddress(const Address& address) const {
  for (const auto& [id, node] : nodes_) {
    if (node.address == address) return &node;
  }
  return nullptr;
}

const NodeReport* ClusterView::ReportOf(const std::string& id) const {
  const auto found = report_of_->find(id);
  return found == report_of_->end() ? nullptr : &reports_[found->second];
}

std::vector<const NodeReport*> ClusterView::Silent() const {
  std::vector<const NodeReport*> silent;
  for (const NodeReport& report : reports_) {
    if (!report.ok()) silent.push_back(&report);
  }
  return silent;
}

std::vector<const Node*> ClusterView::Masters() const {
  std::vector<const Node*> masters;
  for (const auto& [id, node] : nodes_) {
    if (node.master) masters.push_back(&node);
  }
  return masters;
}

std::vector<const Node*> ClusterView::Replicas() const {
  std::vector<const Node*> replicas;
  for (const auto& [id, node] : nodes_) {
    if (!node.master) replicas.push_back(&node);
  }
  return replicas;
}

std::vector<const Node*> ClusterView::ReplicasOf(const std::string& master_id) const {
  std::vector<const Node*> replicas;
  for (const auto& [id, node] : nodes_) {
    if (!node.master && node.master_id == master_id) replicas.push_back(&node);
  }
  return replicas;
}

std::map<std::string, std::set<std::string>> ClusterView::Claims(slot::SlotId slot) const {
  std::map<std::string, std::set<std::string>> claims;
  for (const auto& [reporter, index] : *report_of_) {
    std::string owner;
    for (const NodeLine& line : reports_[index].nodes) {
      if (Lists(line, slot)) owner = line.id;
    }
    claims[owner].insert(reporter);
  }
  return claims;
}

std::vector<const Node*> ClusterView::SelfClaimants(slot::SlotId slot) const {
  std::vector<const Node*> claimants;
  for (const auto& [id, node] : nodes_) {
    if (node.reported && node.slots.Contains(slot)) claimants.push_back(&node);
  }
  return claimants;
}

const Node* ClusterView::Owner(slot::SlotId slot) const {
  std::vector<const Node*> claimants = SelfClaimants(slot);
  if (claimants.empty()) {
    for (const auto& [id, node] : nodes_) {
      if (!node.reported && node.slots.Contains(slot)) claimants.push_back(&node);
    }
  }
  return claimants.size() == 1 ? claimants.front() : nullptr;
}

slot::SlotSet ClusterView::Covered() const {
  slot::SlotSet covered;
  for (const auto& [id, node] : nodes_) covered |= node.slots;
  return covered;
}

slot::SlotSet ClusterView::Uncovered() const {
  slot::SlotSet uncovered = slot::SlotSet::All();
  uncovered -= Covered();
  return uncovered;
}

std::map<slot::SlotId, std::vector<std::string>> ClusterView::MultipleOwners() const {
  std::map<slot::SlotId, std::vector<std::string>> multiple;
  slot::SlotSet once;
  slot::SlotSet twice;
  for (const auto& [id, node] : nodes_) {
    if (!node.reported) continue;
    node.slots.ForEach([&](slot::SlotId s) {
      if (once.Contains(s)) twice.Add(s);
      once.Add(s);
    });
  }
  twice.ForEach([&](slot::SlotId s) {
    for (const Node* node : SelfClaimants(s)) multiple[s].push_back(node->id);
  });
  return multiple;
}

std::vector<OpenSlot> ClusterView::OpenSlots() const {
  std::vector<OpenSlot> open;
  for (const auto& [id, node] : nodes_) {
    for (const auto& [slot, peer] : node.migrating) {
      open.push_back({slot, id, OpenSlot::kMigrating, peer});
    }
    for (const auto& [slot, peer] : node.importing) {
      open.push_back({slot, id, OpenSlot::kImporting, peer});
    }
  }
  std::sort(open.begin(), open.end(), [](const OpenSlot& a, const OpenSlot& b) {
    return std::tie(a.slot, a.kind, a.node) < std::tie(b.slot, b.kind, b.node);
  });
  return open;
}

void ClusterView::GatherOpinions(const std::vector<Chorus>& choruses) {
  const auto same_slots = [](const NodeLine& a, const NodeLine& b) { return a.slots == b.slots; };
  for (const Chorus& chorus : choruses) {
    std::map<std::string, std::vector<slot::SlotRange>> map;
    for (const NodeLine& line : chorus.table->lines()) {
      if (!line.slots.empty()) map[line.id] = Joined(line.slots);
    }
    std::vector<size_t> agreed;
    for (const size_t place : chorus.reports) {
      const NodeLines& said = reports_[place].nodes;
      const NodeLine& own = *said.Own();
      if (same_slots(own, chorus.table->lines()[said.own_at()])) {
        agreed.push_back(place);
        continue;
      }
      auto its = map;
      its.erase(own.id);
      if (!own.slots.empty()) its[own.id] = Joined(own.slots);
      AddOpinion({place}, std::move(its));
    }
    if (!agreed.empty()) AddOpinion(std::move(agreed), std::move(map));
  }
  std::stable_sort(opinions_.begin(), opinions_.end(),
                   [](const SlotMapOpinion& a, const SlotMapOpinion& b) {
                     return a.reporters.size() > b.reporters.size();
                   });
}

void ClusterView::AddOpinion(std::vector<size_t> reports, std::map<std::string, std::vector<slot::SlotRange>> map) {
  auto same = std::find_if(opinions_.begin(), opinions_.end(), [&map](const SlotMapOpinion& o) { return o.map == map; });
  if (same == opinions_.end()) same = opinions_.insert(opinions_.end(), {{}, std::move(map)});
  for (const size_t place : reports) same->reporters.insert(reports_[place].Myself()->id);
}

std::vector<const Node*> ClusterView::Failing() const {
  std::vector<const Node*> failing;
  for (const auto& [id, node] : nodes_) {
    if (!node.failed_by.empty()) failing.push_back(&node);
  }
  return failing;
}

std::map<std::string, std::set<std::string>> ClusterView::UnknownTo() const {
  std::map<std::string, std::set<std::string>> unknown;
  for (const auto& [id, node] : nodes_) {
    for (const auto& [reporter, index] : *report_of_) {
      if (!node.known_by.HasId(reporter)) unknown[id].insert(reporter);
    }
  }
  return unknown;
}

bool ClusterView::FullyMeshed() const {
  if (!UnknownTo().empty()) return false;
  for (const auto& [reporter, index] : *report_of_) {
    for (const NodeLine& line : reports_[index].nodes) {
      if (line.handshake || (!line.myself && !line.link_connected)) return false;
    }
  }
  return true;
}

uint64_t ClusterView::HighestConfigEpoch() const {
  uint64_t highest = 0;
  for (const NodeReport& report : reports_) {
    for (const NodeLine& line : report.nodes) highest = std::max(highest, line.config_epoch);
  }
  return highest;
}

std::optional<int64_t> ClusterView::ReplicaLag(const std::string& replica_id) const {
  const Node* replica = Find(replica_id);
  const NodeReport* own = ReportOf(replica_id);
  if (replica == nullptr || own == nullptr || replica->master) return std::nullopt;
  const NodeReport* master = ReportOf(replica->master_id);
  if (master == nullptr || own->replication.master || !own->replication.link_up) return std::nullopt;
  const ReplicationReport& mine = own->replication;
  const ReplicationReport& its = master->replication;
  if (mine.replication_id.empty() || mine.replication_id != its.replication_id) return std::nullopt;
  return std::max<int64_t>(0, its.offset - mine.offset);
}

bool ClusterView::Synced(const std::string& replica_id, int64_t max_lag_bytes) const {
  const std::optional<int64_t> lag = ReplicaLag(replica_id);
  return lag && *lag <= max_lag_bytes && !ReportOf(replica_id)->replication.sync_in_progress;
}

}  // namespace windlass::topology
