// See drawing.h.
#include "operator/plugin/drawing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <sstream>

#include "node/slot/slot.h"
#include "operator/api/names.h"
#include "operator/base/text.h"

namespace windlass::plugin {
namespace {

constexpr int kBarWidth = 24;
constexpr int kShortBarWidth = 10;
constexpr int kCells = 64;  // of the map
constexpr int kSlotsOfACell = slot::kSlotCount / kCells;
constexpr char kSymbols[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr char kNobody = '.';
constexpr char kUnknown = '?';

std::string BarOf(double share, int width) {
  const int filled = std::clamp(static_cast<int>(share * width + 0.5), 0, width);
  return "[" + std::string(static_cast<size_t>(filled), '#') + std::string(static_cast<size_t>(width - filled), '.') + "]";
}

// By its place in the list; they begin anew where they are used up.
char SymbolOf(size_t shard) { return kSymbols[shard % (sizeof kSymbols - 1)]; }

// Whose slots each cell mostly has. A list of ranges that was cut leaves some unknown.
std::string SlotMap(const std::vector<api::ShardStatus>& shards) {
  std::array<std::map<char, int>, kCells> cells;
  std::array<int, kCells> owned{};
  bool cut = false;
  for (size_t i = 0; i < shards.size(); ++i) {
    for (const std::string& part : base::SplitNonEmpty(shards[i].slot_ranges, ',')) {
      const auto range = slot::ParseSlotRange(part);
      cut = cut || !range;
      if (!range) continue;
      for (int slot = range->first; slot <= range->last; ++slot) {
        const auto cell = static_cast<size_t>(slot / kSlotsOfACell);
        ++cells[cell][SymbolOf(i)];
        ++owned[cell];
      }
    }
    cut = cut || (shards[i].slots > 0 && shards[i].slot_ranges.empty());
  }
  std::string map;
  for (size_t cell = 0; cell < cells.size(); ++cell) {
    const auto most = std::max_element(cells[cell].begin(), cells[cell].end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    const bool whole = owned[cell] == kSlotsOfACell;
    map += whole || (cut && most != cells[cell].end()) ? most->first : cut ? kUnknown : kNobody;
  }
  return map;
}

std::string Bytes(double bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < std::size(kUnits)) {
    bytes /= 1024;
    ++unit;
  }
  std::ostringstream out;
  out.precision(bytes < 10 && unit > 0 ? 2 : 3);
  out << (bytes >= 100 ? std::round(bytes) : bytes) << " " << kUnits[unit];
  return out.str();
}

std::string MemoryOf(const ShardLoad& load) {
  if (!load.used_bytes) return "";
  if (load.most_bytes.value_or(0) <= 0) return "  memory " + Bytes(*load.used_bytes);
  const double share = *load.used_bytes / *load.most_bytes;
  return "  memory " + BarOf(share, kShortBarWidth) + " " + std::to_string(static_cast<int>(100 * share + 0.5)) + " % of " + Bytes(*load.most_bytes);
}

std::string OpsOf(const ShardLoad& load, double busiest) {
  if (!load.ops_per_second) return "";
  const double share = busiest > 0 ? *load.ops_per_second / busiest : 0;
  return "  ops " + BarOf(share, kShortBarWidth) + " " + std::to_string(static_cast<int64_t>(*load.ops_per_second)) + "/s";
}

void PrintShards(const Seen& seen, const api::Status& status, std::ostream& out) {
  double busiest = 0;
  if (seen.figures) {
    for (const auto& [shard, load] : seen.figures->shards) busiest = std::max(busiest, load.ops_per_second.value_or(0));
  }
  for (size_t i = 0; i < status.shard_statuses.size(); ++i) {
    const api::ShardStatus& shard = status.shard_statuses[i];
    out << SymbolOf(i) << " " << shard.name << "  slots " << BarOf(1.0 * shard.slots / slot::kSlotCount, kShortBarWidth) << " " << shard.slots;
    const auto load = seen.figures ? seen.figures->shards.find(shard.name) : std::map<std::string, ShardLoad>::const_iterator();
    if (seen.figures && load != seen.figures->shards.end()) out << MemoryOf(load->second) << OpsOf(load->second, busiest);
    out << "  " << shard.synced_replicas << " of " << shard.replicas << " replicas in step\n";
  }
  if (!seen.no_figures.empty()) out << "memory and ops are not known: " << seen.no_figures << "\n";
}

void PrintPod(const Json& pod, const std::set<std::string>& masters, std::ostream& out) {
  const std::string name = NameOf(pod), trouble = TroubleOf(pod);
  const std::string role = masters.count(name) != 0 ? "master" : Label(pod, api::kLabelRole);
  out << "    " << name << "  " << (role.empty() ? "new" : role) << " of " << Label(pod, api::kLabelShard)
      << (Ready(pod) ? "" : trouble.empty() ? "  (not ready)" : "  (" + trouble + ")") << "\n";
}

// Zone, machine, pod. Pods that are nowhere yet come last.
void PrintTree(const Seen& seen, const api::Status& status, std::ostream& out) {
  std::set<std::string> masters;
  for (const api::ShardStatus& shard : status.shard_statuses) masters.insert(shard.master);
  std::map<std::string, std::map<std::string, std::vector<const Json*>>> tree;
  std::vector<const Json*> nowhere;
  for (const Json& pod : seen.pods) {
    const std::string machine = TextAt(pod, {"spec", "nodeName"});
    const auto zone = seen.zones.find(machine);
    if (machine.empty()) {
      nowhere.push_back(&pod);
    } else {
      tree[zone == seen.zones.end() || zone->second.empty() ? "" : zone->second][machine].push_back(&pod);
    }
  }
  for (const auto& [zone, machines] : tree) {
    out << (zone.empty() ? "no zone known" : "zone " + zone) << "\n";
    for (const auto& [machine, pods] : machines) {
      out << "  " << machine << "\n";
      for (const Json* pod : pods) PrintPod(*pod, masters, out);
    }
  }
  if (!nowhere.empty()) out << "on no machine yet\n";
  for (const Json* pod : nowhere) PrintPod(*pod, masters, out);
}

}  // namespace

std::string Bar(double share) { return BarOf(share, kBarWidth); }

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
  if (!status.shard_statuses.empty()) {
    out << "\n0 " << SlotMap(status.shard_statuses) << " " << slot::kSlotCount - 1 << "\n";
    PrintShards(seen, status, out);
  }
  if (!seen.pods.empty()) out << "\n";
  PrintTree(seen, status, out);
  for (const std::string& claim : status.orphan_claims) out << "unused claim  " << claim << "\n";
  return out.str();
}

}  // namespace windlass::plugin
