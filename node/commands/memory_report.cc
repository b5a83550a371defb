// See memory_report.h. jemalloc is asked through its own control calls when it is
// linked; under a sanitizer there is none, and the numbers come from /proc alone.
#include "node/commands/memory_report.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "node/commands/cluster_port.h"
#include "node/keyspace/keyspace.h"
#include "node/observe/stats.h"
#include "node/persistence/aof.h"
#include "node/replication/replication_log.h"

extern "C" int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value, size_t new_size)
    __attribute__((weak));

extern "C" void malloc_stats_print(void (*write)(void*, const char*), void* context, const char* options)
    __attribute__((weak));

namespace windlass::commands {
namespace {

int64_t ReadControl(const char* name) {
  size_t value = 0;
  size_t size = sizeof value;
  if (mallctl(name, &value, &size, nullptr, 0) != 0) return 0;
  return static_cast<int64_t>(value);
}

// What threads keep at hand for their next allocations. The allocator counts it as
// allocated; nobody uses it.
int64_t CachedBytes() {
  return ReadControl("stats.arenas.4096.tcache_bytes");  // 4096: of all arenas together
}

void RefreshStatistics() {
  uint64_t epoch = 1;
  size_t size = sizeof epoch;
  mallctl("epoch", &epoch, &size, &epoch, size);
}

int64_t ReadResident() {
  FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  long long total = 0;
  long long resident = 0;
  const int fields = std::fscanf(file, "%lld %lld", &total, &resident);
  std::fclose(file);
  return fields == 2 ? resident * sysconf(_SC_PAGESIZE) : 0;
}

void ReadOverhead(const Node& node, MemoryReport* report) {
  if (node.repl_log != nullptr && node.repl_log->has_backlog()) {
    report->replication_buffers = node.repl_log->memory_bytes();
    report->backlog = std::min(report->replication_buffers, node.repl_log->backlog_size());
  }
  if (node.sessions != nullptr) {
    report->clients = static_cast<int64_t>(node.sessions->ClientBytes(false));
    report->replicas = static_cast<int64_t>(node.sessions->ClientBytes(true));
  }
  if (node.cluster != nullptr) {
    for (const BusLinkFacts& link : node.cluster->Links()) {
      report->cluster_links += static_cast<int64_t>(link.send_buffer_allocated);
    }
  }
  if (node.aof != nullptr) report->aof_buffer = static_cast<int64_t>(node.aof->report().buffer_bytes);
  report->tables = static_cast<int64_t>(node.keyspace->table_bytes());
  report->overhead = report->startup + report->replication_buffers + report->clients + report->replicas +
                     report->cluster_links + report->aof_buffer + report->tables;
  report->dataset = std::max<int64_t>(0, report->used - report->overhead);
}

}  // namespace

MemoryReport ReadMemory(const Node& node) {
  MemoryReport report;
  report.resident = ReadResident();
  if (mallctl != nullptr) {
    report.allocator = "jemalloc";
    RefreshStatistics();
    report.allocated = ReadControl("stats.allocated");
    report.used = report.allocated - CachedBytes();
    report.active = ReadControl("stats.active");
    report.allocator_resident = ReadControl("stats.resident");
  } else {
    const struct mallinfo2 info = mallinfo2();
    report.allocated = static_cast<int64_t>(info.uordblks + info.hblkhd);
    report.used = report.active = report.allocated;
    report.allocator_resident = report.resident;
  }
  report.startup = node.startup_bytes;
  // Entries live in an arena of their own, beside the allocator.
  report.used += static_cast<int64_t>(node.keyspace->unallocated_bytes());
  ReadOverhead(node, &report);
  node.stats->peak_memory = std::max(node.stats->peak_memory, report.used);
  report.peak = node.stats->peak_memory;
  return report;
}

int64_t AllocatedBytes() {
  if (mallctl == nullptr) return static_cast<int64_t>(mallinfo2().uordblks);
  RefreshStatistics();
  return ReadControl("stats.allocated") - CachedBytes();
}

std::string MemoryDiagnosis(const MemoryReport& report, size_t clients) {
  constexpr int64_t kMb = 1024 * 1024;
  const auto ratio = [](int64_t a, int64_t b) { return static_cast<double>(a) / static_cast<double>(std::max<int64_t>(b, 1)); };
  if (report.used < 5 * kMb) {
    return "This instance is empty or nearly so (less than 5 MB in use): there is nothing to diagnose yet.\n";
  }
  std::string text;
  const auto finding = [&text](std::string_view words) { text.append(" * ").append(words).append("\n"); };
  if (ratio(report.peak, report.used) > 1.5) {
    finding("Peak memory: at its peak this instance used more than one and a half times what it uses now. The "
            "resident size may stay high until the allocator gives pages back: MEMORY PURGE asks it to.");
  }
  if (ratio(report.resident, report.used) > 1.4 && report.resident - report.used > 10 * kMb) {
    finding("Fragmentation: the process holds more than 1.4 times the memory in use.");
  }
  if (ratio(report.active, report.allocated) > 1.1 && report.active - report.allocated > 10 * kMb) {
    finding("Allocator fragmentation: pages of the allocator are filled by less than nine tenths.");
  }
  if (ratio(report.resident, report.allocator_resident + report.dataset) > 1.1 &&
      report.resident - report.allocator_resident - report.dataset > 10 * kMb) {
    finding("Process overhead: much resident memory belongs neither to the allocator nor to the data.");
  }
  if (clients > 0 && report.clients / static_cast<int64_t>(clients) > 200 * 1024) {
    finding("Client buffers: clients hold more than 200 KB each on average. CLIENT LIST shows which; "
            "client-output-buffer-limit and maxmemory-clients bound them.");
  }
  if (report.replicas > 10 * kMb || report.replication_buffers - report.backlog > 10 * kMb) {
    finding("Replica buffers: replicas lag by more than 10 MB. The network or a replica is too slow for the writes.");
  }
  if (text.empty()) return "Nothing is wrong that this report looks for.\n";
  return "Found in this instance's memory:\n\n" + text;
}

std::string AllocatorReport(const MemoryReport& report) {
  std::string text;
  if (malloc_stats_print != nullptr) {
    malloc_stats_print([](void* out, const char* words) { static_cast<std::string*>(out)->append(words); }, &text, nullptr);
  }
  if (!text.empty()) return text;
  return std::string("allocator: ") + report.allocator + "\nallocated: " + std::to_string(report.allocated) +
         "\nactive: " + std::to_string(report.active) + "\nresident: " + std::to_string(report.allocator_resident) + "\n";
}

void PurgeMemory() {
  if (mallctl != nullptr) {
    // All arenas: 4096 is jemalloc's number for that.
    mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
  } else {
    malloc_trim(0);
  }
}

}  // namespace windlass::commands
