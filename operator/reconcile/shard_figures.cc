// See shard_figures.h.
#include "operator/reconcile/shard_figures.h"

#include "operator/base/text.h"

namespace windlass::reconcile {
namespace {

std::optional<double> FieldOf(const topology::NodeReport& report, const char* name) {
  const auto text = report.Info(name);
  return text ? base::ParseDouble(*text) : std::nullopt;
}

}  // namespace

void ShardFigures::Note(const std::string& key, const std::vector<topology::NodeReport>& reports, const std::map<topology::Address, std::string>& owners) {
  std::vector<Row> rows;
  for (const topology::NodeReport& report : reports) {
    const auto owner = owners.find(report.asked);
    if (!report.ok() || owner == owners.end()) continue;
    rows.push_back({owner->second, FieldOf(report, "used_memory"), FieldOf(report, "maxmemory"), FieldOf(report, "instantaneous_ops_per_sec")});
  }
  const std::lock_guard lock(mutex_);
  rows_[key] = std::move(rows);
}

void ShardFigures::Drop(const std::string& key) {
  const std::lock_guard lock(mutex_);
  rows_.erase(key);
}

void ShardFigures::WriteTo(health::MetricText* text) const {
  struct Figure {
    const char* name;
    const char* help;
    std::optional<double> Row::*value;
  };
  static constexpr Figure kFigures[] = {{"windlass_shard_used_memory_bytes", "Of the shard's master", &Row::used_bytes},
                                        {"windlass_shard_maxmemory_bytes", "What that may become", &Row::most_bytes},
                                        {"windlass_shard_ops_per_second", "Commands of the shard's master", &Row::ops_per_second}};
  const std::lock_guard lock(mutex_);
  for (const Figure& figure : kFigures) {
    text->Family(figure.name, "gauge", figure.help);
    for (const auto& [key, rows] : rows_) {
      const size_t slash = key.find('/');
      for (const Row& row : rows) {
        const std::optional<double>& value = row.*figure.value;
        if (value) text->Sample(figure.name, {{"namespace", key.substr(0, slash)}, {"name", key.substr(slash + 1)}, {"shard", row.shard}}, *value);
      }
    }
  }
}

}  // namespace windlass::reconcile
