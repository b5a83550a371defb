// See views.h.
#include "operator/plugin/views.h"

#include <sstream>

#include "operator/plugin/drawing.h"

namespace windlass::plugin {
namespace {

constexpr int kSlots = 16384;
constexpr size_t kMovesShown = 20;

}  // namespace

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

}  // namespace windlass::plugin
