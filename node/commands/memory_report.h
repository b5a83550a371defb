// Where the memory of the process is, for INFO memory and MEMORY STATS.
#pragma once

#include <cstdint>

#include "node/commands/ports.h"

namespace windlass::commands {

struct MemoryReport {
  int64_t used = 0;       // what maxmemory is compared with: the allocator's and the keyspace's
  int64_t dataset = 0;    // keys with their values and tables
  int64_t startup = 0;
  int64_t peak = 0;
  int64_t resident = 0;   // of the process
  int64_t allocated = 0;  // by the allocator
  int64_t active = 0;
  int64_t allocator_resident = 0;
  int64_t backlog = 0;
  const char* allocator = "libc";
};

MemoryReport ReadMemory(const Node& node);
// Gives unused pages back to the system, where the allocator can.
void PurgeMemory();

}  // namespace windlass::commands
