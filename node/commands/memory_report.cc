// See memory_report.h. jemalloc is asked through its own control calls when it is
// linked; under a sanitizer there is none, and the numbers come from /proc alone.
#include "node/commands/memory_report.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "node/keyspace/keyspace.h"
#include "node/observe/stats.h"

extern "C" int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value, size_t new_size)
    __attribute__((weak));

namespace windlass::commands {
namespace {

int64_t ReadControl(const char* name) {
  size_t value = 0;
  size_t size = sizeof value;
  if (mallctl(name, &value, &size, nullptr, 0) != 0) return 0;
  return static_cast<int64_t>(value);
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

}  // namespace

MemoryReport ReadMemory(const Node& node) {
  MemoryReport report;
  report.resident = ReadResident();
  report.dataset = static_cast<int64_t>(node.keyspace->used_bytes());
  if (mallctl != nullptr) {
    report.allocator = "jemalloc";
    uint64_t epoch = 1;
    size_t size = sizeof epoch;
    mallctl("epoch", &epoch, &size, &epoch, size);
    report.allocated = ReadControl("stats.allocated");
    report.active = ReadControl("stats.active");
    report.allocator_resident = ReadControl("stats.resident");
  } else {
    const struct mallinfo2 info = mallinfo2();
    report.allocated = static_cast<int64_t>(info.uordblks + info.hblkhd);
    report.active = report.allocated;
    report.allocator_resident = report.resident;
  }
  report.startup = node.startup_bytes;
  // Entries live in an arena of their own, beside the allocator.
  report.used = report.allocated + static_cast<int64_t>(node.keyspace->arena_bytes());
  node.stats->peak_memory = std::max(node.stats->peak_memory, report.used);
  report.peak = node.stats->peak_memory;
  return report;
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
