// What each shard's master carries, as figures to be scraped: from the last look that was
// taken anyway.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "operator/health/metric_text.h"
#include "operator/topology/report.h"

namespace windlass::reconcile {

// Thread-safe.
class ShardFigures {
 public:
  // `owners`: by the address asked, the shard whose slots that node owns. `key` is
  // namespace/name. What a node does not say is left out.
  void Note(const std::string& key, const std::vector<topology::NodeReport>& reports, const std::map<topology::Address, std::string>& owners);
  void Drop(const std::string& key);
  void WriteTo(health::MetricText* text) const;

 private:
  struct Row {
    std::string shard;
    std::optional<double> used_bytes, most_bytes, ops_per_second;
  };

  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Row>> rows_;  // guarded by mutex_
};

}  // namespace windlass::reconcile
