// MEMORY.
#include <string>

#include "node/client/registry.h"
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
  // Its share of the table: a four-byte handle and a tag at usual fill. What a
  // container holds is kept in sum, so nothing has to be sampled.
  constexpr size_t kTableShare = 8;
  call.reply.Integer(static_cast<int64_t>(entry->AllocatedBytes() + entry->ExternalBytes() + kTableShare));
}

double Ratio(int64_t a, int64_t b) { return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b); }

void StatsOfDatabase(Call& call, const keyspace::Database& db) {
  call.reply.Bulk("db." + std::to_string(db.index()));
  call.reply.Map(2);
  call.reply.Bulk("overhead.hashtable.main");
  int64_t tables = 0;
  db.occupied_slots().ForEach([&](slot::SlotId slot) { tables += static_cast<int64_t>(db.SlotTableBytes(slot)); });
  call.reply.Integer(tables);
  call.reply.Bulk("overhead.hashtable.expires");
  call.reply.Integer(0);  // expiry is part of the entries
}

void Stats(Call& call) {
  const MemoryReport report = ReadMemory(call.node);
  const auto field = [&call](std::string_view name, int64_t value) {
    call.reply.Bulk(name);
    call.reply.Integer(value);
  };
  const auto real = [&call](std::string_view name, double value) {
    call.reply.Bulk(name);
    call.reply.Double(value);
  };
  const keyspace::Keyspace& keyspace = *call.node.keyspace;
  int64_t keys = 0;
  int64_t databases = 0;
  for (int i = 0; i < keyspace.database_count(); ++i) {
    keys += static_cast<int64_t>(keyspace.db(i).size());
    databases += keyspace.db(i).size() != 0 ? 1 : 0;
  }
  constexpr int64_t kFields = 27;
  call.reply.Map(kFields + databases);
  field("peak.allocated", report.peak);
  field("total.allocated", report.used);
  field("startup.allocated", report.startup);
  field("replication.backlog", report.backlog);
  field("clients.slaves", report.replicas);
  field("clients.normal", report.clients);
  field("cluster.links", report.cluster_links);
  field("aof.buffer", report.aof_buffer);
  field("lua.caches", 0);
  field("functions.caches", 0);
  for (int i = 0; i < keyspace.database_count(); ++i) {
    if (keyspace.db(i).size() != 0) StatsOfDatabase(call, keyspace.db(i));
  }
  field("overhead.total", report.overhead);
  field("keys.count", keys);
  const int64_t data = report.used - report.startup;
  field("keys.bytes-per-key", keys == 0 ? 0 : data / keys);
  field("dataset.bytes", report.dataset);
  real("dataset.percentage", 100 * Ratio(report.dataset, data));
  real("peak.percentage", 100 * Ratio(report.used, report.peak));
  field("allocator.allocated", report.allocated);
  field("allocator.active", report.active);
  field("allocator.resident", report.allocator_resident);
  real("allocator-fragmentation.ratio", Ratio(report.active, report.allocated));
  field("allocator-fragmentation.bytes", report.active - report.allocated);
  real("allocator-rss.ratio", Ratio(report.allocator_resident, report.active));
  field("allocator-rss.bytes", report.allocator_resident - report.active);
  real("rss-overhead.ratio", Ratio(report.resident, report.allocator_resident));
  field("rss-overhead.bytes", report.resident - report.allocator_resident);
  real("fragmentation", Ratio(report.resident, report.used));
  field("fragmentation.bytes", report.resident - report.used);
}

void Doctor(Call& call) {
  call.reply.Verbatim("txt", MemoryDiagnosis(ReadMemory(call.node), call.node.sessions->Clients().size()));
}

void MallocStats(Call& call) { call.reply.Verbatim("txt", AllocatorReport(ReadMemory(call.node))); }

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
      "USAGE <key> [SAMPLES <count>]", "    Return the bytes used by <key> and its value. They are counted, not sampled:",
      "    <count> is taken for compatibility.",
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
