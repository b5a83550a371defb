// See views.h.
#include "operator/plugin/views.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "operator/api/json.h"
#include "operator/api/names.h"

namespace windlass::plugin {
namespace {

constexpr int kSlots = 16384;
constexpr int kBarWidth = 24;
constexpr size_t kMovesShown = 20;

const Json* At(const Json& object, std::initializer_list<const char*> path) {
  const Json* at = &object;
  for (const char* name : path) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

std::string TextAt(const Json& object, std::initializer_list<const char*> path) {
  const Json* found = At(object, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

std::string Bar(double share) {
  const int filled = std::clamp(static_cast<int>(share * kBarWidth + 0.5), 0, kBarWidth);
  return "[" + std::string(static_cast<size_t>(filled), '#') + std::string(static_cast<size_t>(kBarWidth - filled), '.') + "]";
}

api::Status StatusOf(const Json& cluster) {
  const Json* status = At(cluster, {"status"});
  return status == nullptr ? api::Status() : api::StatusFromJson(*status);
}

std::string NameOf(const Json& object) { return TextAt(object, {"metadata", "name"}); }

std::string Label(const Json& object, const char* name) {
  const Json* labels = At(object, {"metadata", "labels"});
  return labels != nullptr && labels->contains(name) ? labels->at(name).get<std::string>() : "";
}

bool Ready(const Json& pod) {
  const Json* conditions = At(pod, {"status", "conditions"});
  if (conditions == nullptr) return false;
  return std::any_of(conditions->begin(), conditions->end(),
                     [](const Json& c) { return c.value("type", "") == "Ready" && c.value("status", "") == "True"; });
}

// "on machine-1 in zone a", as far as it is known.
std::string PlaceOf(const Seen& seen, const Json& pod) {
  const std::string machine = TextAt(pod, {"spec", "nodeName"});
  if (machine.empty()) return "on no machine yet";
  const auto zone = seen.zones.find(machine);
  return "on " + machine + (zone == seen.zones.end() || zone->second.empty() ? "" : ", zone " + zone->second);
}

// Why a pod does not run, in Kubernetes' own words; empty if it does.
std::string TroubleOf(const Json& pod) {
  if (const Json* statuses = At(pod, {"status", "containerStatuses"})) {
    for (const Json& status : *statuses) {
      const std::string reason = TextAt(status, {"state", "waiting", "reason"});
      if (!reason.empty() && reason != "ContainerCreating") return reason + ": " + TextAt(status, {"state", "waiting", "message"});
    }
  }
  if (const Json* conditions = At(pod, {"status", "conditions"})) {
    for (const Json& condition : *conditions) {
      if (condition.value("reason", "") == "Unschedulable") return "Unschedulable: " + condition.value("message", "");
    }
  }
  return "";
}

void PrintShard(const Seen& seen, const api::ShardStatus& shard, std::ostream& out) {
  out << shard.name << "  " << Bar(static_cast<double>(shard.slots) / kSlots) << " " << shard.slots << " slots, "
      << shard.synced_replicas << " of " << shard.replicas << " replicas in step\n";
  for (const Json& pod : seen.pods) {
    if (Label(pod, api::kLabelShard) != shard.name) continue;
    const std::string role = NameOf(pod) == shard.master ? "master" : Label(pod, api::kLabelRole);
    const std::string trouble = TroubleOf(pod);
    out << "  " << (role.empty() ? "new" : role) << "  " << NameOf(pod) << "  " << PlaceOf(seen, pod)
        << (Ready(pod) ? "" : trouble.empty() ? "  (not ready)" : "  (" + trouble + ")") << "\n";
  }
}

// What is to be done about a condition that is not as it should be.
struct Remedy {
  const char* type;
  const char* unwanted;  // the status that is trouble
  const char* advice;
};
constexpr Remedy kRemedies[] = {
    {"Available", "False", "Some slots have no master that serves them. What stands under Degraded says which; `kubectl describe pod` says why its pod does not run."},
    {"Degraded", "True", "If the message names no remedy: the cluster mends itself once the pods named run; see `kubectl get events`."},
    {"ScaleBlocked", "True", "Raise the quota, or change the policy that refuses; it is tried again every five seconds."},
    {"ConfigDrift", "True", "With update.mode OnDelete, delete the pods; a setting that was refused, correct in spec.config."},
    {"UpdateHeld", "True", "Correct what was changed in the spec, or set it back; with update.mode OnDelete, delete the pods named."},
    {"PlacementSatisfied", "False", "Masters are handed over when all else is well; nothing is to be done."},
    {"Fenced", "True", "Take the annotation windlass.dev/fenced off the pod when you are done with it."},
};

}  // namespace

std::string StatusText(const Seen& seen) {
  const api::Status status = StatusOf(seen.cluster);
  std::ostringstream out;
  out << NameOf(seen.cluster) << "  " << (status.phase.empty() ? "no status yet" : status.phase) << "  " << status.ready_shards << " of "
      << status.target_shards << " shards, " << status.ready_nodes << " of " << status.nodes << " nodes ready\n";
  if (status.operation) {
    out << status.operation->kind << "  " << Bar(status.operation->progress_percent / 100.0) << " " << status.operation->progress_percent
        << " %  " << status.operation->step << "\n";
  }
  if (!status.lost_slots.empty()) out << "lost slots  " << status.lost_slots << "\n";
  for (const api::ShardStatus& shard : status.shard_statuses) PrintShard(seen, shard, out);
  for (const std::string& claim : status.orphan_claims) out << "unused claim  " << claim << "\n";
  return out.str();
}

std::string PlanText(const Json& cluster) {
  const api::Status status = StatusOf(cluster);
  if (!status.operation) return "nothing is under way\n";
  const api::Operation& operation = *status.operation;
  std::ostringstream out;
  out << operation.kind << " " << operation.id << ", " << operation.from_shards << " to " << operation.to_shards << " shards, since "
      << operation.started_at << "\n"
      << Bar(operation.progress_percent / 100.0) << " " << operation.progress_percent << " %  " << operation.step << "\n";
  if (!operation.last_error.empty()) out << "last error, of " << operation.attempts << ": " << operation.last_error << "\n";
  size_t shown = 0;
  for (const api::Move& move : operation.moves) {
    if (shown++ == kMovesShown) {
      out << "and " << operation.moves.size() - kMovesShown << " more\n";
      break;
    }
    out << "  " << move.from << " -> " << move.to << "  " << move.slots << "\n";
  }
  return out.str();
}

std::string SlotsText(const Json& cluster) {
  const api::Status status = StatusOf(cluster);
  std::ostringstream out;
  int owned = 0;
  for (const api::ShardStatus& shard : status.shard_statuses) {
    owned += shard.slots;
    const double share = 100.0 * shard.slots / kSlots;
    out << shard.name << "  " << Bar(share / 100) << " " << shard.slots << " slots, " << static_cast<int>(share + 0.5) << " %, at " << shard.master << "\n";
  }
  if (owned < kSlots) out << kSlots - owned << " slots have no master that answers\n";
  if (!status.lost_slots.empty()) out << "lost: " << status.lost_slots << "\n";
  return out.str();
}

Diagnosis Diagnose(const Seen& seen) {
  const api::Status status = StatusOf(seen.cluster);
  std::ostringstream out;
  if (status.phase.empty()) {
    out << "No operator has looked at it.\n  Is one running, and does it watch this namespace? `kubectl get lease -A` says who is in charge.\n";
  }
  const auto generation = seen.cluster.at("metadata").value("generation", int64_t{0});
  if (!status.phase.empty() && status.observed_generation < generation) {
    out << "The last change of the spec has not been seen yet.\n  The operator does so within a second; if not, see whether it runs.\n";
  }
  const api::Condition* ready = api::FindCondition(status, "Ready");
  if (ready != nullptr && ready->reason == "InvalidSpec") {
    out << ready->message << "\n  Correct the field that is named; nothing is changed until then.\n";
  }
  for (const Remedy& remedy : kRemedies) {
    const api::Condition* condition = api::FindCondition(status, remedy.type);
    if (condition == nullptr || condition->status != remedy.unwanted) continue;
    out << remedy.type << ": " << condition->message << "\n  " << remedy.advice << "\n";
  }
  if (status.operation && !status.operation->last_error.empty()) {
    out << status.operation->kind << " failed " << status.operation->attempts << " times, the last time with: " << status.operation->last_error
        << "\n  It is tried again by itself.\n";
  }
  for (const Json& pod : seen.pods) {
    const std::string trouble = TroubleOf(pod);
    if (!trouble.empty()) out << NameOf(pod) << ": " << trouble << "\n  `kubectl describe pod " << NameOf(pod) << "`\n";
  }
  Diagnosis diagnosis{out.str(), true};
  diagnosis.well = diagnosis.text.empty();
  if (diagnosis.well) diagnosis.text = ready != nullptr && ready->status == "True" ? "Nothing is wrong.\n" : "Nothing is wrong; it is at work: see `kubectl windlass plan`.\n";
  return diagnosis;
}

}  // namespace windlass::plugin
