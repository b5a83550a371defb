// Settings that concern the process as the system sees it: how readily it is
// killed when memory runs out, and how many descriptors it may have.
#pragma once

#include "node/base/log.h"
#include "node/config/config.h"

namespace windlass::server {

// oom-score-adj: what the kernel adds to this process's badness. Remembers what it
// was before anything was written.
class OomScore {
 public:
  OomScore(const config::Config* config, base::Logger* log) : config_(config), log_(log) {}
  // Writes what the settings ask for in this role, if it is not there already.
  base::Result<void> Apply(bool is_replica);

 private:
  const config::Config* config_;
  base::Logger* log_;
  bool changed_ = false;  // by us
  int64_t original_ = 0;
  int64_t written_ = 0;
};

// CONFIG SET maxclients: an error if the system does not give that many descriptors.
base::Result<void> GrowFileLimit(const config::Config& config);

}  // namespace windlass::server
