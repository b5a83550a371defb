// A schedule of faults as tests/chaos prints it: a few lines of facts, then one line a
// fault. Several may stand one after the other in a file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "node/base/result.h"

namespace windlass::sim {

struct ScheduledFault {
  int64_t at_ms = 0;
  std::string kind;
  int node = 0;
  std::vector<int> others;
  int64_t lasts_ms = 0;
  uint64_t pick = 0;
  int64_t amount = 0;
};

struct Schedule {
  uint64_t seed = 0;
  int masters = 0;
  int replicas = 0;
  int64_t seconds = 0;
  int64_t node_timeout_ms = 0;
  std::vector<ScheduledFault> faults;
};

base::Result<std::vector<Schedule>> ParseSchedules(const std::string& text);

}  // namespace windlass::sim
