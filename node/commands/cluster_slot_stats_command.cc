// CLUSTER SLOT-STATS: what each of this node's slots holds and costs.
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "node/cluster/core.h"
#include "node/commands/cluster_commands.h"
#include "node/commands/cluster_port.h"
#include "node/commands/ports.h"
#include "node/keyspace/keyspace.h"
#include "node/observe/slot_stats.h"

namespace windlass::commands {
namespace {

constexpr int64_t kSlots = observe::SlotStats::kSlots;

enum Metric { kKeyCount, kCpu, kBytesIn, kBytesOut, kMemory, kMetrics };
constexpr std::string_view kNames[kMetrics] = {"key-count", "cpu-usec", "network-bytes-in", "network-bytes-out",
                                               "memory-bytes"};

using Row = std::array<int64_t, kMetrics>;

// Without counting, the number of keys is all that is known and shown.
int ShownMetrics(const Call& call) {
  return call.node.slot_stats != nullptr && call.node.slot_stats->enabled() ? kMetrics : kKeyCount + 1;
}

Row RowOf(const Call& call, slot::SlotId slot) {
  const keyspace::Database& db = call.node.keyspace->db(0);
  Row row{};
  row[kKeyCount] = static_cast<int64_t>(db.SlotSize(slot));
  if (ShownMetrics(call) == 1) return row;
  const observe::SlotStats::Counters counters = call.node.slot_stats->at(slot);
  row[kCpu] = counters.cpu_ns / 1000;
  row[kBytesIn] = static_cast<int64_t>(counters.bytes_in);
  row[kBytesOut] = static_cast<int64_t>(counters.bytes_out);
  row[kMemory] = static_cast<int64_t>(db.SlotBytes(slot));
  return row;
}

// Slots of this shard: a replica tells of its master's.
slot::SlotSet ShardSlots(const Call& call, const ClusterPort& port) {
  const cluster::ClusterCore& core = port.core();
  if (core.IsMaster()) return core.OwnSlots();
  slot::SlotSet slots;
  for (const cluster::ShardEntry& shard : core.ShardsReport(call.now_ms)) {
    if (!(shard.shard_id == core.MyShardId())) continue;
    for (const slot::SlotRange& range : shard.slots) {
      for (int slot = range.first; slot <= range.last; ++slot) slots.Add(static_cast<slot::SlotId>(slot));
    }
  }
  return slots;
}

void ReplyRow(Call& call, slot::SlotId slot) {
  const int shown = ShownMetrics(call);
  const Row row = RowOf(call, slot);
  call.reply.Array(2);
  call.reply.Integer(slot);
  call.reply.Map(shown);
  for (int metric = 0; metric < shown; ++metric) {
    call.reply.Bulk(kNames[metric]);
    call.reply.Integer(row[static_cast<size_t>(metric)]);
  }
}

void ReplyRange(Call& call, const slot::SlotSet& slots) {
  slot::SlotId first = 0;
  slot::SlotId last = 0;
  if (!ParseSlot(call, call.args[3], &first) || !ParseSlot(call, call.args[4], &last)) return;
  if (first > last) {
    return call.reply.Error("ERR Start slot number " + std::to_string(first) + " is greater than end slot number " +
                            std::to_string(last));
  }
  std::vector<slot::SlotId> shown;
  for (int slot = slots.Next(first); slot >= 0 && slot <= last; slot = slots.Next(slot + 1)) {
    shown.push_back(static_cast<slot::SlotId>(slot));
  }
  call.reply.Array(static_cast<int64_t>(shown.size()));
  for (const slot::SlotId slot : shown) ReplyRow(call, slot);
}

struct Ordering {
  int metric = kKeyCount;
  int64_t limit = kSlots;
  bool ascending = false;
};

// Nothing: the error was written.
std::optional<Ordering> ParseOrdering(Call& call) {
  Ordering ordering;
  int metric = 0;
  while (metric < ShownMetrics(call) && !EqualsNoCase(call.args[3], kNames[metric])) ++metric;
  if (metric == ShownMetrics(call)) {
    call.reply.Error("ERR Unrecognized sort metric for ORDERBY.");
    return std::nullopt;
  }
  ordering.metric = metric;
  bool limited = false;
  bool directed = false;
  for (size_t i = 4; i < call.args.size(); ++i) {
    const bool is_limit = EqualsNoCase(call.args[i], "limit") && i + 1 < call.args.size();
    const bool is_direction = EqualsNoCase(call.args[i], "asc") || EqualsNoCase(call.args[i], "desc");
    if (!is_limit && !is_direction) {
      call.reply.Error(kSyntaxError);
      return std::nullopt;
    }
    if (is_limit ? limited : directed) {
      call.reply.Error("ERR Multiple filters of the same type are disallowed.");
      return std::nullopt;
    }
    if (is_direction) {
      directed = true;
      ordering.ascending = EqualsNoCase(call.args[i], "asc");
      continue;
    }
    limited = true;
    if (!ParseInt64(call.args[++i], &ordering.limit) || ordering.limit < 1 || ordering.limit > kSlots) {
      call.reply.Error("ERR Limit has to lie in between 1 and 16384 (maximum number of slots).");
      return std::nullopt;
    }
  }
  return ordering;
}

void ReplyOrdered(Call& call, const slot::SlotSet& slots) {
  const auto ordering = ParseOrdering(call);
  if (!ordering) return;
  struct Ranked {
    int64_t value;
    slot::SlotId slot;
  };
  std::vector<Ranked> ranked;
  slots.ForEach([&](slot::SlotId slot) {
    ranked.push_back({RowOf(call, slot)[static_cast<size_t>(ordering->metric)], slot});
  });
  // Slots of one value in the order of their numbers.
  const size_t shown = std::min(ranked.size(), static_cast<size_t>(ordering->limit));
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(shown), ranked.end(),
                    [&ordering](const Ranked& a, const Ranked& b) {
                      if (a.value != b.value) return ordering->ascending ? a.value < b.value : a.value > b.value;
                      return a.slot < b.slot;
                    });
  call.reply.Array(static_cast<int64_t>(shown));
  for (size_t i = 0; i < shown; ++i) ReplyRow(call, ranked[i].slot);
}

}  // namespace

void ClusterSlotStats(Call& call) {
  const ClusterPort* port = RequireCluster(call);
  if (port == nullptr) return;
  if (EqualsNoCase(call.args[2], "slotsrange") && call.args.size() == 5) return ReplyRange(call, ShardSlots(call, *port));
  if (EqualsNoCase(call.args[2], "orderby")) return ReplyOrdered(call, ShardSlots(call, *port));
  ReplySubcommandSyntaxError(call);
}

}  // namespace windlass::commands
