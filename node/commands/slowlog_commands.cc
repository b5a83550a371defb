// SLOWLOG.
#include <algorithm>
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/ports.h"
#include "node/observe/slow_log.h"

namespace windlass::commands {
namespace {

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

constexpr uint64_t kFlags = kAdmin | kLoading | kStale;

const CommandSpec kSlowlogSubcommands[] = {
    {"slowlog|get", -2, kFlags, {}, 0, {"Returns the slow log's entries.", "2.2.12", "server", "O(N) where N is the number of entries returned"}, SlowGet},
    {"slowlog|help", 2, kLoading | kStale, {}, 0, {"Show helpful text about the different subcommands", "6.2.0", "server", "O(1)"}, SlowHelp},
    {"slowlog|len", 2, kFlags, {}, 0, {"Returns the number of entries in the slow log.", "2.2.12", "server", "O(1)"}, SlowLen},
    {"slowlog|reset", 2, kFlags, {}, 0, {"Clears all entries from the slow log.", "2.2.12", "server", "O(N) where N is the number of entries in the slowlog"}, SlowReset},
};

const CommandSpec kSpecs[] = {
    {"slowlog", -2, 0, {}, 0, {"A container for slow log commands.", "2.2.12", "server", "Depends on subcommand."}, nullptr, kSlowlogSubcommands},
};

}  // namespace

std::span<const CommandSpec> SlowLogCommands() { return kSpecs; }

}  // namespace windlass::commands
