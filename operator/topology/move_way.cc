// See move_way.h.
#include "operator/topology/move_way.h"

#include <cstdlib>
#include <vector>

namespace windlass::topology {
namespace {

constexpr int kFirstAtomicValkey = 9;

enum class Speaks { kNothing, kWindlass, kValkey };

Speaks FormOf(const NodeReport& report) {
  if (report.Info("windlass_version")) return Speaks::kWindlass;
  const auto valkey = report.Info("valkey_version");
  return valkey && std::atoi(valkey->c_str()) >= kFirstAtomicValkey ? Speaks::kValkey : Speaks::kNothing;
}

std::string NameOf(const ClusterView& view, const std::string& id) {
  const Node* node = view.Find(id);
  return node == nullptr ? id : node->name();
}

}  // namespace

std::string ServerName(const NodeReport& report) {
  if (const auto version = report.Info("windlass_version")) return "windlass-node " + *version;
  if (const auto version = report.Info("valkey_version")) return "valkey-server " + *version;
  return "redis-server " + report.Info("redis_version").value_or("of an unknown version");
}

bool KnowsAtomicMoves(const NodeReport& report) { return FormOf(report) != Speaks::kNothing; }

MoveWay ChooseWay(const ClusterView& view, const std::string& from_id, const std::string& to_id) {
  std::vector<std::string> ids{from_id, to_id};
  for (const std::string& master : {from_id, to_id}) {
    for (const Node* replica : view.ReplicasOf(master)) ids.push_back(replica->id);
  }
  const NodeReport* first = nullptr;
  for (const std::string& id : ids) {
    const NodeReport* report = view.ReportOf(id);
    const bool answered = report != nullptr && report->ok();
    const bool is_master = id == from_id || id == to_id;
    if (!answered && is_master) return {false, NameOf(view, id) + " does not say what it is"};
    if (!answered) continue;
    if (FormOf(*report) == Speaks::kNothing) {
      return {false, NameOf(view, id) + " is a " + ServerName(*report) + ", which knows no atomic slot migration"};
    }
    if (first == nullptr) first = report;
    if (FormOf(*first) != FormOf(*report)) {
      return {false, "a " + ServerName(*first) + " and a " + ServerName(*report) + " do not understand each other's"};
    }
  }
  return {true, FormOf(*first) == Speaks::kWindlass ? "both masters and their replicas are windlass-node"
                                                    : "both masters and their replicas are valkey-server 9 or later"};
}

}  // namespace windlass::topology
