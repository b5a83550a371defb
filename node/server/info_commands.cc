// INFO commandstats, errorstats and latencystats. See info_sections.h.
#include <cstdlib>
#include <string>

#include "node/commands/command_table.h"
#include "node/config/config.h"
#include "node/observe/command_stats.h"
#include "node/observe/info_report.h"
#include "node/server/info_sections.h"

namespace windlass::server {

using observe::CommandCounters;
using observe::InfoWriter;
using observe::Shown;

namespace {

void WriteCommandStats(const commands::Node& node, InfoWriter& out) {
  for (int id = 0; id < node.commands->id_count(); ++id) {
    const CommandCounters& counters = node.command_stats->at(id);
    if (counters.calls == 0 && counters.rejected == 0) continue;
    const int64_t usec = counters.total_ns / 1000;
    const double each = counters.calls == 0 ? 0 : static_cast<double>(counters.total_ns) / 1000.0 / static_cast<double>(counters.calls);
    out.Fieldf("cmdstat_" + std::string(node.commands->by_id(id).name),
               "calls=%llu,usec=%lld,usec_per_call=%.2f,rejected_calls=%llu,failed_calls=%llu",
               static_cast<unsigned long long>(counters.calls), static_cast<long long>(usec), each,
               static_cast<unsigned long long>(counters.rejected), static_cast<unsigned long long>(counters.failed));
  }
}

void WriteErrorStats(const commands::Node& node, InfoWriter& out) {
  for (const auto& [code, count] : node.command_stats->errors()) {
    out.Fieldf("errorstat_" + code, "count=%llu", static_cast<unsigned long long>(count));
  }
}

void WriteLatencyStats(const commands::Node& node, InfoWriter& out) {
  for (int id = 0; id < node.commands->id_count(); ++id) {
    const CommandCounters& counters = node.command_stats->at(id);
    if (counters.calls == 0) continue;
    std::string text;
    for (const std::string& percentile : node.config->List("latency-tracking-info-percentiles")) {
      char value[64];
      std::snprintf(value, sizeof value, "%.3f", counters.latency.PercentileUs(std::atof(percentile.c_str())));
      if (!text.empty()) text += ',';
      text += "p" + percentile + "=" + value;
    }
    out.Field("latency_percentiles_usec_" + std::string(node.commands->by_id(id).name), text);
  }
}

}  // namespace

void AddCommandInfo(commands::Node* node) {
  observe::InfoReport& info = *node->info;
  info.Add("Commandstats", Shown::kAllOnly, [node](InfoWriter& out) { WriteCommandStats(*node, out); });
  info.Add("Errorstats", Shown::kDefault, [node](InfoWriter& out) { WriteErrorStats(*node, out); });
  info.Add("Latencystats", Shown::kAllOnly, [node](InfoWriter& out) {
    if (node->config->Bool("latency-tracking")) WriteLatencyStats(*node, out);
  });
}

}  // namespace windlass::server
