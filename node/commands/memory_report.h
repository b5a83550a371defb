// Where the memory of the process is, for INFO memory and MEMORY STATS.
#pragma once

#include <cstdint>
#include <string>

#include "node/commands/ports.h"

namespace windlass::commands {

struct MemoryReport {
  int64_t used = 0;       // what maxmemory is compared with: the allocator's and the keyspace's
  int64_t dataset = 0;    // used less overhead
  int64_t startup = 0;
  int64_t peak = 0;
  int64_t resident = 0;   // of the process
  int64_t allocated = 0;  // by the allocator
  int64_t active = 0;
  int64_t allocator_resident = 0;
  int64_t backlog = 0;
  int64_t replication_buffers = 0;  // the backlog and what replicas still need beyond it
  int64_t clients = 0;
  int64_t replicas = 0;
  int64_t cluster_links = 0;
  int64_t aof_buffer = 0;
  int64_t tables = 0;     // bucket arrays of the databases
  int64_t overhead = 0;   // all that is not data
  int64_t muzzy = 0;
  const char* allocator = "libc";
};

MemoryReport ReadMemory(const Node& node);
// MEMORY DOCTOR: what seems wrong, for people.
std::string MemoryDiagnosis(const MemoryReport& report, size_t clients);
// MEMORY MALLOC-STATS: the allocator's own words, where it has some.
std::string AllocatorReport(const MemoryReport& report);
// What the process has from the allocator. Costs microseconds.
int64_t AllocatedBytes();
// Gives unused pages back to the system, where the allocator can.
void PurgeMemory();

}  // namespace windlass::commands
