// CONFIG GET, SET, REWRITE, RESETSTAT.
#include "node/config/config.h"

#include <string>
#include <utility>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/ports.h"
#include "node/keyspace/keyspace.h"
#include "node/observe/command_stats.h"
#include "node/observe/slot_stats.h"
#include "node/observe/stats.h"

namespace windlass::commands {
namespace {

void Get(Call& call) {
  const config::Config::Pairs pairs = call.node.config->Get(call.args.subspan(2));
  call.reply.Map(static_cast<int64_t>(pairs.size()));
  for (const auto& [name, value] : pairs) {
    call.reply.Bulk(name);
    call.reply.Bulk(value);
  }
}

void Set(Call& call) {
  if (call.args.size() % 2 != 0) return call.reply.Error(kSyntaxError);
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (size_t i = 2; i < call.args.size(); i += 2) pairs.emplace_back(call.args[i], call.args[i + 1]);
  const auto set = call.node.config->Set(pairs);
  if (set) return call.reply.Ok();
  call.reply.Error("ERR " + set.error());
}

void Rewrite(Call& call) {
  const auto written = call.node.config->Rewrite();
  if (!written) {
    call.node.log->Warning("CONFIG REWRITE failed: " + written.error());
    return call.reply.Error("ERR " + written.error());
  }
  call.node.log->Notice("CONFIG REWRITE executed with success.");
  call.reply.Ok();
}

void ResetStat(Call& call) {
  const int64_t peak = call.node.stats->peak_memory;
  // What was read and sent until now is not counted later.
  if (call.node.sessions != nullptr) call.node.sessions->CountTraffic();
  *call.node.stats = observe::Stats();
  call.node.stats->peak_memory = peak;
  call.node.keyspace->stats() = keyspace::KeyspaceStats();
  call.node.keyspace->ResetFreedKeys();
  if (call.node.memory != nullptr) call.node.memory->ResetExceeded();
  call.node.command_stats->Reset();
  if (call.node.slot_stats != nullptr) call.node.slot_stats->Reset();
  call.reply.Ok();
}

void Help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "GET <pattern>",
      "    Return parameters matching the glob-like <pattern> and their values.",
      "SET <directive> <value>",
      "    Set the configuration <directive> to <value>.",
      "RESETSTAT",
      "    Reset statistics reported by the INFO command.",
      "REWRITE",
      "    Rewrite the configuration file.",
  };
  ReplyHelp(call, "config", kLines);
}

constexpr uint64_t kFlags = kAdmin | kNoScript | kLoading | kStale;

const CommandSpec kSubcommands[] = {
    {"config|get", -3, kFlags, {}, 0,
     {"Returns the effective values of configuration parameters.", "2.0.0", "server",
      "O(N) when N is the number of configuration parameters provided"}, Get},
    {"config|help", 2, kLoading | kStale, {}, 0, {"Returns helpful text about the different subcommands.", "5.0.0", "server", "O(1)"},
     Help},
    {"config|resetstat", 2, kFlags, {}, 0, {"Resets the server's statistics.", "2.0.0", "server", "O(1)"}, ResetStat},
    {"config|rewrite", 2, kFlags, {}, 0,
     {"Persists the effective configuration to file.", "2.8.0", "server", "O(1)"}, Rewrite},
    {"config|set", -4, kFlags, {}, 0,
     {"Sets configuration parameters in-flight.", "2.0.0", "server",
      "O(N) when N is the number of configuration parameters provided"}, Set},
};

const CommandSpec kSpecs[] = {
    {"config", -2, 0, {}, 0, {"A container for server configuration commands.", "2.0.0", "server", "Depends on subcommand."},
     nullptr, kSubcommands},
};

}  // namespace

std::span<const CommandSpec> ConfigCommands() { return kSpecs; }

}  // namespace windlass::commands
