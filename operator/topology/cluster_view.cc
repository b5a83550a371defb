// Building the merged view: first what each node says of itself, then what it
// says of the others, then the nodes that did not speak.
#include "operator/topology/cluster_view.h"

#include <algorithm>
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

ClusterView::ClusterView(std::vector<NodeReport> reports) : reports_(std::move(reports)) {
  std::sort(reports_.begin(), reports_.end(),
            [](const NodeReport& a, const NodeReport& b) { return a.asked < b.asked; });
  for (size_t i = 0; i < reports_.size(); ++i) {
    if (reports_[i].ok()) MergeSelf(i);
  }
  for (const NodeReport& report : reports_) {
    if (report.ok()) MergeOthers(report);
  }
  SettleSilentNodes();
  GatherOpinions();
}

void ClusterView::MergeSelf(size_t report_index) {
  const NodeReport& report = reports_[report_index];
  const NodeLine* line = report.Myself();
  // The same node asked at two addresses: the first in order speaks for it.
  if (line == nullptr || !report_of_.emplace(line->id, report_index).second) return;
  Node& node = nodes_[line->id];
  node.id = line->id;
  node.address = report.asked;
  node.reported = true;
  CopyFacts(*line, node);
  node.migrating = line->migrating;
  node.importing = line->importing;
}

void ClusterView::MergeOthers(const NodeReport& report) {
  const NodeLine* reporter = report.Myself();
  if (reporter == nullptr) return;
  for (const NodeLine& line : report.nodes) {
    if (line.handshake) continue;
    Node& node = nodes_[line.id];
    node.id = line.id;
    node.known_by.insert(reporter->id);
    if (line.fail) node.failed_by.insert(reporter->id);
    if (line.pfail) node.suspected_by.insert(reporter->id);
  }
}

void ClusterView::SettleSilentNodes() {
  std::map<std::string, const NodeLine*> best;
  for (const NodeReport& report : reports_) {
    if (!report.ok()) continue;
    for (const NodeLine& line : report.nodes) {
      if (line.handshake || line.myself) continue;
      const NodeLine*& known = best[line.id];
      if (known == nullptr || std::tie(line.config_epoch, line.pong_received_ms) >
                                  std::tie(known->config_epoch, known->pong_received_ms)) {
        known = &line;
      }
    }
  }
  for (auto& [id, node] : nodes_) {
    if (node.reported || best.count(id) == 0) continue;
    CopyFacts(*best[id], node);
    node.address = best[id]->address;
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
  const auto found = report_of_.find(id);
  return found == report_of_.end() ? nullptr : &reports_[found->second];
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
  for (const auto& [reporter, index] : report_of_) {
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

void ClusterView::GatherOpinions() {
  for (const auto& [reporter, index] : report_of_) {
    std::map<std::string, std::vector<slot::SlotRange>> map;
    for (const NodeLine& line : reports_[index].nodes) {
      if (!line.slots.empty()) map[line.id] = Joined(line.slots);
    }
    const auto same = std::find_if(opinions_.begin(), opinions_.end(),
                                   [&map](const SlotMapOpinion& o) { return o.map == map; });
    if (same != opinions_.end()) {
      same->reporters.insert(reporter);
    } else {
      opinions_.push_back({{reporter}, std::move(map)});
    }
  }
  std::stable_sort(opinions_.begin(), opinions_.end(),
                   [](const SlotMapOpinion& a, const SlotMapOpinion& b) {
                     return a.reporters.size() > b.reporters.size();
                   });
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
    for (const auto& [reporter, index] : report_of_) {
      if (node.known_by.count(reporter) == 0) unknown[id].insert(reporter);
    }
  }
  return unknown;
}

bool ClusterView::FullyMeshed() const {
  if (!UnknownTo().empty()) return false;
  for (const auto& [reporter, index] : report_of_) {
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
