// CLUSTER MIGRATESLOTS, GETSLOTMIGRATIONS, CANCELSLOTMIGRATIONS and SYNCSLOTS, with
// the arguments, replies and errors of Valkey 9.
#include <optional>
#include <string>

#include "node/cluster/core.h"
#include "node/commands/cluster_commands.h"
#include "node/commands/cluster_port.h"
#include "node/commands/ports.h"
#include "node/commands/slot_migration_port.h"

namespace windlass::commands {
namespace {

SlotMigrationPort* RequireMigrations(Call& call) {
  return RequireCluster(call) == nullptr ? nullptr : call.node.slot_migrations;
}

// The error line, or nothing.
using Complaint = std::optional<std::string>;

Complaint CheckRange(const cluster::ClusterCore& core, const slot::SlotRange& range, slot::SlotSet* slots) {
  for (int s = range.first; s <= range.last; ++s) {
    const auto slot = static_cast<slot::SlotId>(s);
    const auto owner = core.OwnerOf(slot);
    if (!owner) return "ERR Slot " + std::to_string(s) + " has no node served.";
    if (!(*owner == core.MyId())) return "ERR Slots are not served by this node.";
    if (slots->Contains(slot)) return "ERR Slot range " + slot::ToString(range) + " overlaps with a previous range.";
    slots->Add(slot);
  }
  return std::nullopt;
}

// The ranges from args[*at] on, up to the first word that is no number.
Complaint ParseRanges(Call& call, size_t* at, slot::SlotSet* slots) {
  const cluster::ClusterCore& core = call.node.cluster->core();
  bool any = false;
  for (int64_t first = 0; *at < call.args.size() && ParseInt64(call.args[*at], &first); *at += 2) {
    int64_t last = 0;
    if (*at + 1 >= call.args.size()) return "ERR No end slot for final slot range";
    const bool known = ParseInt64(call.args[*at + 1], &last) && first >= 0 && first < slot::kSlotCount && last >= 0 &&
                       last < slot::kSlotCount;
    if (!known) return "ERR Invalid or out of range slot";
    if (first > last) {
      return "ERR Start slot number " + std::to_string(first) + " is greater than end slot number " +
             std::to_string(last) + ".";
    }
    const slot::SlotRange range{static_cast<slot::SlotId>(first), static_cast<slot::SlotId>(last)};
    if (auto complaint = CheckRange(core, range, slots)) return complaint;
    any = true;
  }
  if (!any) return "ERR No slot ranges specified";
  return std::nullopt;
}

Complaint ParseTarget(Call& call, size_t* at, cluster::NodeId* target) {
  const cluster::ClusterCore& core = call.node.cluster->core();
  if (*at + 1 >= call.args.size() || !EqualsNoCase(call.args[*at], "NODE")) return std::string(kSyntaxError);
  const std::string word(call.args[*at + 1]);
  *at += 2;
  const auto id = cluster::NodeId::Parse(word);
  if (!id) return "ERR Invalid node name: " + word;
  if (!core.FindNode(word)) return "ERR Unknown node name: " + word;
  if (*id == core.MyId()) return "ERR Target node can not be this node.";
  if (!core.IsKnownMaster(*id)) return "ERR Target node is not a master";
  *target = *id;
  return std::nullopt;
}

Complaint ParseOrders(Call& call, std::vector<MigrationOrder>* orders) {
  slot::SlotSet all;
  size_t at = 2;
  while (at < call.args.size()) {
    if (!EqualsNoCase(call.args[at], "SLOTSRANGE")) return std::string(kSyntaxError);
    ++at;
    MigrationOrder order;
    if (auto complaint = ParseRanges(call, &at, &order.slots)) return complaint;
    if (all.Intersects(order.slots)) return "ERR Slot ranges in migrations overlap";
    all |= order.slots;
    if (auto complaint = ParseTarget(call, &at, &order.target)) return complaint;
    orders->push_back(std::move(order));
  }
  return std::nullopt;
}

void Field(resp::ReplyWriter& reply, std::string_view name, std::string_view value) {
  reply.Bulk(name);
  reply.Bulk(value);
}

void Field(resp::ReplyWriter& reply, std::string_view name, int64_t value) {
  reply.Bulk(name);
  reply.Integer(value);
}

}  // namespace

void ClusterMigrateSlots(Call& call) {
  SlotMigrationPort* port = RequireMigrations(call);
  if (port == nullptr) return;
  if (!call.node.cluster->core().IsMaster()) {
    return call.reply.Error("ERR Slot migration can only be used on primary nodes.");
  }
  std::vector<MigrationOrder> orders;
  if (const auto complaint = ParseOrders(call, &orders)) return call.reply.Error(*complaint);
  const auto begun = port->Migrate(orders);
  if (!begun.ok()) return call.reply.Error(begun.error());
  call.reply.Ok();
}

void ClusterGetSlotMigrations(Call& call) {
  const SlotMigrationPort* port = RequireMigrations(call);
  if (port == nullptr) return;
  const std::vector<MigrationReport> reports = port->Report();
  call.reply.Array(static_cast<int64_t>(reports.size()));
  for (const MigrationReport& report : reports) {
    const bool ends_known = !report.source_node.empty();
    call.reply.Map(ends_known ? 12 : 10);
    Field(call.reply, "name", report.name);
    Field(call.reply, "operation", report.importing ? "IMPORT" : "EXPORT");
    Field(call.reply, "slot_ranges", report.slot_ranges);
    if (ends_known) {
      Field(call.reply, "target_node", report.target_node);
      Field(call.reply, "source_node", report.source_node);
    }
    Field(call.reply, "create_time", report.create_time);
    Field(call.reply, "last_update_time", report.last_update_time);
    Field(call.reply, "last_ack_time", report.last_ack_time);
    Field(call.reply, "state", report.state);
    Field(call.reply, "message", report.message);
    Field(call.reply, "cow_size", int64_t{0});
    Field(call.reply, "remaining_repl_size", report.remaining_bytes);
  }
}

void ClusterCancelSlotMigrations(Call& call) {
  SlotMigrationPort* port = RequireMigrations(call);
  if (port == nullptr) return;
  const auto cancelled = port->Cancel();
  if (!cancelled.ok()) return call.reply.Error(cancelled.error());
  call.reply.Ok();
}

void ClusterSyncSlots(Call& call) {
  if (SlotMigrationPort* port = RequireMigrations(call)) port->Sync(call);
}

}  // namespace windlass::commands
