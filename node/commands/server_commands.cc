// INFO, SHUTDOWN, TIME, MONITOR, LOLWUT.
#include <sys/time.h>

#include <string>

#include "node/commands/families.h"
#include "node/commands/ports.h"
#include "node/commands/version.h"
#include "node/observe/info_report.h"

namespace windlass::commands {
namespace {

void Info(Call& call) { call.reply.Verbatim("txt", call.node.info->Render(call.args.subspan(1))); }

void Time(Call& call) {
  timeval now;
  gettimeofday(&now, nullptr);
  call.reply.Array(2);
  call.reply.Bulk(std::to_string(now.tv_sec));
  call.reply.Bulk(std::to_string(now.tv_usec));
}

bool ParseShutdown(const Call& call, ShutdownFlags* flags) {
  for (const std::string_view arg : call.args.subspan(1)) {
    if (EqualsNoCase(arg, "nosave")) {
      flags->nosave = true;
    } else if (EqualsNoCase(arg, "save")) {
      flags->save = true;
    } else if (EqualsNoCase(arg, "now")) {
      flags->now = true;
    } else if (EqualsNoCase(arg, "force")) {
      flags->force = true;
    } else if (EqualsNoCase(arg, "abort")) {
      flags->abort = true;
    } else {
      return false;
    }
  }
  const bool alone = call.args.size() == 2;
  return !(flags->abort && !alone) && !(flags->save && flags->nosave);
}

void Shutdown(Call& call) {
  ShutdownFlags flags;
  if (!ParseShutdown(call, &flags)) return call.reply.Error(kSyntaxError);
  if (flags.abort) {
    if (call.node.lifecycle->AbortShutdown()) return call.reply.Ok();
    return call.reply.Error("ERR No shutdown in progress.");
  }
  if (call.client.Has(client::kDenyBlocking) && !flags.now) {
    return call.reply.Error("ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client");
  }
  // What a script has written half of is not saved.
  const Busy busy = call.node.status.busy;
  if (busy != Busy::kNo && !flags.nosave) return call.reply.Error(BusyError(busy));
  // On success there is no reply: the connection closes with the process.
  const auto ended = call.node.lifecycle->Shutdown(flags, call.client.id);
  if (!ended) call.reply.Error(ended.error());
}

// A client that monitors already is not answered again, and a replica not at all.
void Monitor(Call& call) {
  if (call.client.Has(client::kDenyBlocking)) {
    return call.reply.Error("ERR MONITOR isn't allowed for DENY BLOCKING client");
  }
  if (call.client.Has(client::kMonitor | client::kReplica) || call.client.transport == nullptr) return;
  call.node.monitors->Add(call.client);
  call.reply.Ok();
}

void Lolwut(Call& call) {
  std::string text;
  for (int row = 0; row < 4; ++row) {
    for (int column = 0; column < 32; ++column) text += (column * (row + 3) % 7 < 3) ? '=' : ' ';
    text += '\n';
  }
  text += "\nRedis ver. " + std::string(kRedisVersion) + "\n";
  call.reply.Verbatim("txt", text);
}

const CommandSpec kSpecs[] = {
    {"info", -1, kLoading | kStale, {}, kAclDangerous,
     {"Returns information and statistics about the server.", "1.0.0", "server", "O(1)"}, Info},
    {"time", 1, kLoading | kStale | kFast, {}, 0, {"Returns the server time.", "2.6.0", "server", "O(1)"}, Time},
    {"shutdown", -1, kAdmin | kNoScript | kLoading | kStale | kNoMulti | kAllowBusy, {}, 0,
     {"Synchronously saves the database(s) to disk and shuts down the Redis server.", "1.0.0", "server",
      "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)"},
     Shutdown},
    {"monitor", 1, kAdmin | kNoScript | kLoading | kStale, {}, 0,
     {"Watches all commands as they are executed.", "1.0.0", "server", ""}, Monitor},
    {"lolwut", -1, kReadonly | kFast, {}, 0, {"Displays computer art and the Redis version", "5.0.0", "server", ""},
     Lolwut},
};

}  // namespace

std::span<const CommandSpec> ServerCommands() { return kSpecs; }

}  // namespace windlass::commands
