// MEMORY.
#include <string>

#include "node/commands/families.h"
#include "node/commands/memory_report.h"
#include "node/commands/ports.h"
#include "node/keyspace/keyspace.h"

namespace windlass::commands {
namespace {

void Usage(Call& call) {
  for (size_t i = 3; i < call.args.size(); i += 2) {
    int64_t samples;
    if (!EqualsNoCase(call.args[i], "samples") || i + 1 == call.args.size()) return call.reply.Error(kSyntaxError);
    if (!ParseInt64(call.args[i + 1], &samples)) return call.reply.Error(kNotInteger);
    if (samples < 0) return call.reply.Error(kSyntaxError);
  }
  const keyspace::Entry* entry = call.db.Find(call.slot, call.args[2], call.now_ms);
  if (entry == nullptr) return call.reply.Null();
  // Its share of the table: a four-byte handle and a tag at usual fill.
  constexpr size_t kTableShare = 8;
  call.reply.Integer(static_cast<int64_t>(entry->AllocatedBytes() + entry->ExternalBytes() + kTableShare));
}

void Stats(Call& call) {
  const MemoryReport report = ReadMemory(call.node);
  const auto field = [&call](std::string_view name, int64_t value) {
    call.reply.Bulk(name);
    call.reply.Integer(value);
  };
  size_t keys = 0;
  for (int i = 0; i < call.node.keyspace->database_count(); ++i) keys += call.node.keyspace->db(i).size();
  call.reply.Map(12);
  field("peak.allocated", report.peak);
  field("total.allocated", report.used);
  field("startup.allocated", report.startup);
  field("replication.backlog", report.backlog);
  field("overhead.total", report.used - report.dataset);
  field("keys.count", static_cast<int64_t>(keys));
  field("keys.bytes-per-key", keys == 0 ? 0 : report.dataset / static_cast<int64_t>(keys));
  field("dataset.bytes", report.dataset);
  field("allocator.allocated", report.allocated);
  field("allocator.active", report.active);
  field("allocator.resident", report.allocator_resident);
  call.reply.Bulk("fragmentation");
  call.reply.Double(report.used == 0 ? 0 : static_cast<double>(report.resident) / static_cast<double>(report.used));
}

void Doctor(Call& call) {
  call.reply.Verbatim("txt", "Nothing is wrong that this report looks for.\n");
}

void MallocStats(Call& call) {
  const MemoryReport report = ReadMemory(call.node);
  call.reply.Verbatim("txt", std::string("allocator: ") + report.allocator + "\nallocated: " +
                                 std::to_string(report.allocated) + "\nactive: " + std::to_string(report.active) +
                                 "\nresident: " + std::to_string(report.allocator_resident) + "\n");
}

void Purge(Call& call) {
  PurgeMemory();
  call.reply.Ok();
}

void Help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "DOCTOR", "    Return memory problems reports.",
      "MALLOC-STATS", "    Return the allocator's own figures.",
      "PURGE", "    Give unused pages back to the system.",
      "STATS", "    Return information about the memory usage of the server.",
      "USAGE <key> [SAMPLES <count>]", "    Return the bytes used by <key> and its value.",
  };
  ReplyHelp(call, "memory", kLines);
}

const CommandSpec kSubcommands[] = {
    {"memory|doctor", 2, 0, {}, 0, {"Outputs a memory problems report.", "4.0.0", "server", "O(1)"}, Doctor},
    {"memory|help", 2, kLoading | kStale, {}, 0, {"Returns helpful text about the different subcommands.", "4.0.0", "server", "O(1)"}, Help},
    {"memory|malloc-stats", 2, 0, {}, 0, {"Returns the allocator statistics.", "4.0.0", "server", "Depends on how much memory is allocated, could be slow"}, MallocStats},
    {"memory|purge", 2, 0, {}, 0, {"Asks the allocator to release memory.", "4.0.0", "server", "Depends on how much memory is allocated, could be slow"}, Purge},
    {"memory|stats", 2, 0, {}, 0, {"Returns details about memory usage.", "4.0.0", "server", "O(1)"}, Stats},
    {"memory|usage", -3, kReadonly, {2, 2, 1, kKeyRO}, 0, {"Estimates the memory usage of a key.", "4.0.0", "server", "O(N) where N is the number of samples."}, Usage},
};

const CommandSpec kSpecs[] = {
    {"memory", -2, 0, {}, 0, {"A container for memory diagnostics commands.", "4.0.0", "server", "Depends on subcommand."}, nullptr, kSubcommands},
};

}  // namespace

std::span<const CommandSpec> MemoryCommands() { return kSpecs; }

}  // namespace windlass::commands
