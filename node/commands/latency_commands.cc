// LATENCY.
#include <algorithm>
#include <string>
#include <vector>

#include "node/commands/command_table.h"
#include "node/commands/families.h"
#include "node/commands/latency_report.h"
#include "node/commands/ports.h"
#include "node/config/config.h"
#include "node/observe/command_stats.h"
#include "node/observe/latency_monitor.h"

namespace windlass::commands {
namespace {

void Latest(Call& call) {
  const auto& events = call.node.latency->events();
  call.reply.Array(static_cast<int64_t>(events.size()));
  for (const auto& [name, event] : events) {
    call.reply.Array(4);
    call.reply.Bulk(name);
    call.reply.Integer(event.samples.back().unix_seconds);
    call.reply.Integer(event.samples.back().ms);
    call.reply.Integer(event.max_ms);
  }
}

void History(Call& call) {
  const auto it = call.node.latency->events().find(call.args[2]);
  if (it == call.node.latency->events().end()) return call.reply.Array(0);
  call.reply.Array(static_cast<int64_t>(it->second.samples.size()));
  for (const auto& sample : it->second.samples) {
    call.reply.Array(2);
    call.reply.Integer(sample.unix_seconds);
    call.reply.Integer(sample.ms);
  }
}

void Reset(Call& call) {
  if (call.args.size() == 2) return call.reply.Integer(static_cast<int64_t>(call.node.latency->ResetAll()));
  int64_t count = 0;
  for (const std::string_view name : call.args.subspan(2)) count += call.node.latency->Reset(name) ? 1 : 0;
  call.reply.Integer(count);
}

void Graph(Call& call) {
  const auto it = call.node.latency->events().find(call.args[2]);
  if (it == call.node.latency->events().end()) {
    return call.reply.Error("ERR No samples available for event '" + std::string(call.args[2]) + "'");
  }
  call.reply.Verbatim("txt", LatencyGraph(it->first, it->second, call.now_ms / 1000));
}

void Doctor(Call& call) {
  call.reply.Verbatim("txt", LatencyDiagnosis(*call.node.latency, call.node.config->Int("latency-monitor-threshold"),
                                              call.now_ms / 1000));
}

void Histogram(Call& call) {
  std::vector<const CommandSpec*> specs;
  const CommandTable& table = *call.node.commands;
  if (call.args.size() == 2) {
    for (int id = 0; id < table.id_count(); ++id) specs.push_back(&table.by_id(id));
  }
  for (const std::string_view name : call.args.subspan(2)) {
    const CommandSpec* spec = table.FindFull(name);
    if (spec == nullptr) continue;
    specs.push_back(spec);
    for (const CommandSpec& sub : spec->subcommands) specs.push_back(&sub);
  }
  std::erase_if(specs, [&call](const CommandSpec* spec) {
    return call.node.command_stats->at(spec->id).latency.count() == 0;
  });
  call.reply.Map(static_cast<int64_t>(specs.size()));
  for (const CommandSpec* spec : specs) {
    const observe::LatencyHistogram& histogram = call.node.command_stats->at(spec->id).latency;
    const auto buckets = histogram.Cumulative();
    call.reply.Bulk(spec->name);
    call.reply.Map(2);
    call.reply.Bulk("calls");
    call.reply.Integer(static_cast<int64_t>(histogram.count()));
    call.reply.Bulk("histogram_usec");
    call.reply.Map(static_cast<int64_t>(buckets.size()));
    for (const auto& [bound, count] : buckets) {
      call.reply.Integer(static_cast<int64_t>(bound));
      call.reply.Integer(static_cast<int64_t>(count));
    }
  }
}

void Help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "DOCTOR", "    Return a report for people.",
      "GRAPH <event>", "    Return the spikes of the <event> class as a drawing.",
      "HISTORY <event>", "    Return the time and latency of the <event> class's spikes.",
      "LATEST", "    Return the latest spike of every event class.",
      "RESET [<event> ...]", "    Forget the spikes of the given event classes, or of all.",
      "HISTOGRAM [COMMAND ...]", "    Return the distribution of latencies of the given commands, or of all.",
  };
  ReplyHelp(call, "latency", kLines);
}

constexpr uint64_t kFlags = kAdmin | kNoScript | kLoading | kStale;

const CommandSpec kSubcommands[] = {
    {"latency|doctor", 2, kFlags, {}, 0, {"Returns a human-readable latency analysis report.", "2.8.13", "server", "O(1)"}, Doctor},
    {"latency|graph", 3, kFlags, {}, 0, {"Draws the spikes of an event.", "2.8.13", "server", "O(1)"}, Graph},
    {"latency|help", 2, kLoading | kStale, {}, 0, {"Returns helpful text about the different subcommands.", "2.8.13", "server", "O(1)"}, Help},
    {"latency|histogram", -2, kFlags, {}, 0, {"Returns the cumulative distribution of latencies of a subset or all commands.", "7.0.0", "server", "O(N) where N is the number of commands with latency information being retrieved."}, Histogram},
    {"latency|history", 3, kFlags, {}, 0, {"Returns timestamp-latency samples for an event.", "2.8.13", "server", "O(1)"}, History},
    {"latency|latest", 2, kFlags, {}, 0, {"Returns the latest latency samples for all events.", "2.8.13", "server", "O(1)"}, Latest},
    {"latency|reset", -2, kFlags, {}, 0, {"Resets the latency data for one or more events.", "2.8.13", "server", "O(1)"}, Reset},
};

const CommandSpec kSpecs[] = {
    {"latency", -2, 0, {}, 0, {"A container for latency diagnostics commands.", "2.8.13", "server", "Depends on subcommand."}, nullptr, kSubcommands},
};

}  // namespace

std::span<const CommandSpec> LatencyCommands() { return kSpecs; }

}  // namespace windlass::commands
