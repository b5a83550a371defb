// The check and the info of a cluster, in redis-trib's words.
#include <cstdio>

#include "operator/base/text.h"
#include "operator/cli/cluster.h"

namespace windlass::cli {
namespace {

using topology::Node;

std::string SlotList(const slot::SlotSet& slots) {
  std::vector<std::string> ranges;
  for (const slot::SlotRange& range : slots.Ranges()) ranges.push_back("[" + slot::ToString(range) + "]");
  return base::Join(ranges, ",");
}

std::string Numbers(const std::map<slot::SlotId, std::string>& slots) {
  std::vector<std::string> numbers;
  for (const auto& [slot, peer] : slots) numbers.push_back(std::to_string(slot));
  return base::Join(numbers, ",");
}

bool CheckAgreement(Session& session, const Cluster& cluster) {
  const auto opinions = cluster.view.Opinions();
  if (opinions.size() <= 1) {
    session.Ok("All nodes agree about slots configuration.");
    return true;
  }
  session.Error("Nodes don't agree about configuration!");
  for (const topology::SlotMapOpinion& opinion : opinions) {
    std::vector<std::string> names;
    for (const std::string& id : opinion.reporters) names.push_back(cluster.view.Find(id)->name());
    std::vector<std::string> owners;
    for (const auto& [owner, ranges] : opinion.map) {
      int slots = 0;
      for (const slot::SlotRange& range : ranges) slots += range.size();
      owners.push_back(owner.substr(0, 8) + "... " + std::to_string(slots));
    }
    session.out << "   " << base::Join(names, ", ") << " say: " << base::Join(owners, "; ") << std::endl;
  }
  return false;
}

bool CheckOpenSlots(Session& session, const Cluster& cluster) {
  session.Step("Check for open slots...");
  std::map<slot::SlotId, std::string> open;
  for (const Node* node : cluster.nodes) {
    if (!node->migrating.empty()) {
      session.Warning("Node " + node->name() + " has slots in migrating state " + Numbers(node->migrating) + ".");
    }
    if (!node->importing.empty()) {
      session.Warning("Node " + node->name() + " has slots in importing state " + Numbers(node->importing) + ".");
    }
    open.insert(node->migrating.begin(), node->migrating.end());
    open.insert(node->importing.begin(), node->importing.end());
  }
  if (!open.empty()) session.Warning("The following slots are open: " + Numbers(open) + ".");
  return open.empty();
}

bool CheckCoverage(Session& session, const Cluster& cluster) {
  session.Step("Check slots coverage...");
  const slot::SlotSet uncovered = cluster.view.Uncovered();
  if (uncovered.empty()) {
    session.Ok("All 16384 slots covered.");
  } else {
    session.Error("Not all 16384 slots are covered by nodes.");
    session.out << "   not covered: " << SlotList(uncovered) << " (" << uncovered.size() << " slots)" << std::endl;
  }
  const auto multiple = cluster.view.MultipleOwners();
  for (const auto& [slot, owners] : multiple) {
    session.Error("Slot " + std::to_string(slot) + " has " + std::to_string(owners.size()) +
                  " owners: " + base::Join(owners, ", "));
  }
  return uncovered.empty() && multiple.empty();
}

// What redis-trib leaves unsaid: nodes flagged as failing and nodes that a part
// of the cluster has not heard of.
bool CheckNodes(Session& session, const Cluster& cluster) {
  bool good = true;
  for (const Node* node : cluster.view.Failing()) {
    session.Warning("Node " + node->name() + " (" + node->id + ") is flagged as failing by " +
                    std::to_string(node->failed_by.size()) + " node(s).");
    if (node->master && !node->slots.empty()) good = false;
  }
  for (const auto& [id, reporters] : cluster.view.UnknownTo()) {
    const Node* node = cluster.view.Find(id);
    session.Warning("Node " + node->name() + " (" + id + ") is not known to " + std::to_string(reporters.size()) +
                    " node(s).");
  }
  return good;
}

}  // namespace

std::string Describe(const Cluster& cluster, const Node& node) {
  std::string text = (node.master ? "M: " : "S: ") + node.id + " " + node.name() + "\n";
  text += "   slots:" + (node.slots.empty() ? " " : SlotList(node.slots) + " ") + "(" +
          std::to_string(node.slots.size()) + " slots) " + (node.master ? "master" : "slave");
  if (!node.failed_by.empty()) text += ",fail";
  if (!node.reported) text += " (no answer)";
  if (!node.master) return text + "\n   replicates " + node.master_id;
  const size_t replicas = cluster.view.ReplicasOf(node.id).size();
  if (replicas > 0) text += "\n   " + std::to_string(replicas) + " additional replica(s)";
  return text;
}

bool Check(Session& session, const Cluster& cluster) {
  session.Step("Performing Cluster Check (using node " + topology::ToString(cluster.seed) + ")");
  for (const Node* node : cluster.nodes) session.out << Describe(cluster, *node) << std::endl;
  bool good = CheckAgreement(session, cluster);
  good = CheckNodes(session, cluster) && good;
  good = CheckOpenSlots(session, cluster) && good;
  good = CheckCoverage(session, cluster) && good;
  return good;
}

void PrintInfo(Session& session, const Cluster& cluster) {
  int64_t keys = 0;
  int masters = 0;
  for (const Node* node : cluster.masters()) {
    const topology::NodeReport* report = cluster.view.ReportOf(node->id);
    const bool known = report != nullptr && report->keys;
    if (known) keys += *report->keys;
    ++masters;
    session.out << node->name() << " (" << node->id.substr(0, 8) << "...) -> "
                << (known ? std::to_string(*report->keys) : "unknown") << " keys | " << node->slots.size()
                << " slots | " << cluster.view.ReplicasOf(node->id).size() << " slaves." << std::endl;
  }
  session.Ok(std::to_string(keys) + " keys in " + std::to_string(masters) + " masters.");
  char average[64];
  std::snprintf(average, sizeof(average), "%.2f", static_cast<double>(keys) / slot::kSlotCount);
  session.out << average << " keys per slot on average." << std::endl;
}

}  // namespace windlass::cli
