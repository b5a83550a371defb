// SLOWLOG and LATENCY.
#include <algorithm>
#include <string>
#include <vector>

#include "node/commands/command_table.h"
#include "node/commands/families.h"
#include "node/commands/ports.h"
#include "node/observe/command_stats.h"
#include "node/observe/latency_monitor.h"
#include "node/observe/slow_log.h"

namespace windlass::commands {
namespace {

// --- SLOWLOG

void SlowGet(Call& call) {
  if (call.args.size() > 3) return ReplySubcommandSyntaxError(call);
  int64_t count = 10;
  if (call.args.size() == 3 && (!ParseInt64(call.args[2], &count) || count < -1)) {
    return call.reply.Error("ERR count should be greater than or equal to -1");
  }
  const auto& entries = call.node.slowlog->entries();
  const size_t shown = count < 0 ? entries.size() : std::min(entries.size(), static_cast<size_t>(count));
  call.reply.Array(static_cast<int64_t>(shown));
  for (size_t i = 0; i < shown; ++i) {
    const observe::SlowLog::Entry& entry = entries[i];
    call.reply.Array(6);
    call.reply.Integer(entry.id);
    call.reply.Integer(entry.unix_seconds);
    call.reply.Integer(entry.duration_us);
    call.reply.Array(static_cast<int64_t>(entry.args.size()));
    for (const std::string& arg : entry.args) call.reply.Bulk(arg);
    call.reply.Bulk(entry.peer);
    call.reply.Bulk(entry.client_name);
  }
}

void SlowLen(Call& call) { call.reply.Integer(static_cast<int64_t>(call.node.slowlog->entries().size())); }

void SlowReset(Call& call) {
  call.node.slowlog->Clear();
  call.reply.Ok();
}

void SlowHelp(Call& call) {
  static constexpr std::string_view kLines[] = {
      "GET [<count>]",
      "    Return the last <count> entries (default: 10, -1 means all). Entries are made of:",
      "    id, timestamp, time in microseconds, arguments array, client IP and port, client name",
      "LEN", "    Return the number of entries.",
      "RESET", "    Forget all entries.",
  };
  ReplyHelp(call, "slowlog", kLines);
}

// --- LATENCY

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

void LatencyReset(Call& call) {
  if (call.args.size() == 2) return call.reply.Integer(static_cast<int64_t>(call.node.latency->ResetAll()));
  int64_t count = 0;
  for (const std::string_view name : call.args.subspan(2)) count += call.node.latency->Reset(name) ? 1 : 0;
  call.reply.Integer(count);
}

void Doctor(Call& call) {
  const auto& events = call.node.latency->events();
  if (events.empty()) {
    return call.reply.Verbatim("txt", "No latency spike was observed since the monitor was last reset.\n");
  }
  std::string text = "Latency spikes by event:\n";
  for (const auto& [name, event] : events) {
    text += "- " + name + ": " + std::to_string(event.samples.size()) + " spikes, worst " +
            std::to_string(event.max_ms) + " ms\n";
  }
  call.reply.Verbatim("txt", text);
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
  std::erase_if(specs, [&call](const CommandSpec* spec) { return call.node.command_stats->at(spec->id).calls == 0; });
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

void LatencyHelp(Call& call) {
  static constexpr std::string_view kLines[] = {
      "DOCTOR", "    Return a report for people.",
      "HISTORY <event>", "    Return the time and latency of the <event> class's spikes.",
      "LATEST", "    Return the latest spike of every event class.",
      "RESET [<event> ...]", "    Forget the spikes of the given event classes, or of all.",
      "HISTOGRAM [COMMAND ...]", "    Return the distribution of latencies of the given commands, or of all.",
  };
  ReplyHelp(call, "latency", kLines);
}

constexpr uint64_t kFlags = kAdmin | kLoading | kStale;
constexpr uint64_t kLatencyFlags = kAdmin | kNoScript | kLoading | kStale;

const CommandSpec kSlowlogSubcommands[] = {
    {"slowlog|get", -2, kFlags, {}, 0, {"Returns the slow log's entries.", "2.2.12", "server", "O(N) where N is the number of entries returned"}, SlowGet},
    {"slowlog|help", 2, kLoading | kStale, {}, 0, {"Show helpful text about the different subcommands", "6.2.0", "server", "O(1)"}, SlowHelp},
    {"slowlog|len", 2, kFlags, {}, 0, {"Returns the number of entries in the slow log.", "2.2.12", "server", "O(1)"}, SlowLen},
    {"slowlog|reset", 2, kFlags, {}, 0, {"Clears all entries from the slow log.", "2.2.12", "server", "O(N) where N is the number of entries in the slowlog"}, SlowReset},
};

const CommandSpec kLatencySubcommands[] = {
    {"latency|doctor", 2, kLatencyFlags, {}, 0, {"Returns a human-readable latency analysis report.", "2.8.13", "server", "O(1)"}, Doctor},
    {"latency|help", 2, kLoading | kStale, {}, 0, {"Returns helpful text about the different subcommands.", "2.8.13", "server", "O(1)"}, LatencyHelp},
    {"latency|histogram", -2, kLatencyFlags, {}, 0, {"Returns the cumulative distribution of latencies of a subset or all commands.", "7.0.0", "server", "O(N) where N is the number of commands with latency information being retrieved."}, Histogram},
    {"latency|history", 3, kLatencyFlags, {}, 0, {"Returns timestamp-latency samples for an event.", "2.8.13", "server", "O(1)"}, History},
    {"latency|latest", 2, kLatencyFlags, {}, 0, {"Returns the latest latency samples for all events.", "2.8.13", "server", "O(1)"}, Latest},
    {"latency|reset", -2, kLatencyFlags, {}, 0, {"Resets the latency data for one or more events.", "2.8.13", "server", "O(1)"}, LatencyReset},
};

const CommandSpec kSpecs[] = {
    {"slowlog", -2, 0, {}, 0, {"A container for slow log commands.", "2.2.12", "server", "Depends on subcommand."}, nullptr, kSlowlogSubcommands},
    {"latency", -2, 0, {}, 0, {"A container for latency diagnostics commands.", "2.8.13", "server", "Depends on subcommand."}, nullptr, kLatencySubcommands},
};

}  // namespace

std::span<const CommandSpec> SlowLogCommands() { return kSpecs; }

}  // namespace windlass::commands
