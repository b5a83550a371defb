// DEBUG: what tests of the ecosystem use to look inside and to provoke.
//
// A subcommand for structures that this server does not have (listpacks,
// quicklists, reply buffers that shrink) is accepted where a test only wants a
// knob turned, and is an error where it wants to read something.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "node/base/glob.h"
#include "node/commands/debug_cluster.h"
#include "node/commands/debug_inspection.h"
#include "node/commands/digest.h"
#include "node/commands/families.h"
#include "node/commands/ports.h"
#include "node/commands/slot_migration_port.h"
#include "node/config/config.h"
#include "node/config/rewriter.h"
#include "node/config/value_parser.h"
#include "node/persistence/aof.h"
#include "node/replication/replication_log.h"

namespace windlass::commands {
namespace {

void Sleep(Call& call) {
  const double seconds = std::strtod(std::string(call.args[2]).c_str(), nullptr);
  if (seconds > 0) {
    timespec wait{static_cast<time_t>(seconds), static_cast<long>((seconds - static_cast<double>(static_cast<time_t>(seconds))) * 1e9)};
    nanosleep(&wait, nullptr);
  }
  call.reply.Ok();
}

void SetActiveExpire(Call& call) {
  call.node.status.expire_active = call.args[2] != "0";
  call.reply.Ok();
}

void SlotMigration(Call& call) {
  if (call.node.slot_migrations == nullptr || !EqualsNoCase(call.args[2], "DIE-BEFORE")) {
    return call.reply.Error(kSyntaxError);
  }
  call.node.slot_migrations->DieBefore(std::string(call.args[3]));
  call.reply.Ok();
}

void PauseCron(Call& call) {
  call.node.status.cron_paused = call.args[2] != "0";
  call.reply.Ok();
}

void SkipChecksum(Call& call) {
  call.node.status.skip_checksum = call.args[2] != "0";
  call.reply.Ok();
}

// Scripts may call what is forbidden to them otherwise.
void DisableDenyScripts(Call& call) {
  call.node.status.scripts_call_all = call.args[2] != "0";
  call.reply.Ok();
}

void AofFlushSleep(Call& call) {
  int64_t microseconds;
  if (!ParseInt64(call.args[2], &microseconds)) return call.reply.Error(kNotInteger);
  call.node.aof->DelayWrites(microseconds);
  call.reply.Ok();
}

void Accepted(Call& call) { call.reply.Ok(); }

// What would be stored as a node of its own: this server's lists have no such nodes.
void PackedThreshold(Call& call) {
  constexpr int64_t kLimit = int64_t{4} << 30;
  int64_t bytes;
  if (!config::ParseMemory(call.args[2], &bytes) || bytes < 0 || bytes > kLimit) {
    return call.reply.Error("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
  }
  call.reply.Ok();
}

// Reply buffers follow what is in them here: nothing resizes them by time.
void ReplyBuffer(Call& call) {
  const bool time = EqualsNoCase(call.args[2], "peak-reset-time");
  if (!time && !EqualsNoCase(call.args[2], "resizing")) return ReplySubcommandSyntaxError(call);
  int64_t number;
  const bool word = time && (EqualsNoCase(call.args[3], "never") || EqualsNoCase(call.args[3], "reset"));
  if (time && !word && !ParseInt64(call.args[3], &number)) return call.reply.Error(kNotInteger);
  call.reply.Ok();
}

void DigestAll(Call& call) { call.reply.Simple(HexOf(DigestOfAll(*call.node.keyspace))); }

void DigestValues(Call& call) {
  call.reply.Array(static_cast<int64_t>(call.args.size()) - 2);
  for (const std::string_view key : call.args.subspan(2)) call.reply.Simple(HexOf(DigestOfValue(PeekKey(call, key))));
}

void Populate(Call& call) {
  int64_t count;
  int64_t size = 0;
  if (!ParseInt64(call.args[2], &count) || count < 0) return call.reply.Error("ERR value is out of range, must be positive");
  const std::string prefix(call.args.size() > 3 ? call.args[3] : std::string_view("key"));
  if (call.args.size() > 4 && (!ParseInt64(call.args[4], &size) || size < 0)) {
    return call.reply.Error("ERR value is out of range, must be positive");
  }
  for (int64_t i = 0; i < count; ++i) {
    const std::string key = prefix + ':' + std::to_string(i);
    if (PeekKey(call, key) != nullptr) continue;
    std::string value = "value:" + std::to_string(i);
    // Zero bytes behind, or cut, when a size is asked for.
    if (size > 0) value.resize(static_cast<size_t>(size));
    call.db.SetString(call.db.slotted() ? slot::KeySlot(key) : slot::SlotId{0}, key, value);
  }
  call.effects.Suppress();
  call.reply.Ok();
}

void ProtocolOf(Call& call) {
  const std::string_view type = call.args[2];
  resp::ReplyWriter& reply = call.reply;
  if (EqualsNoCase(type, "string")) return reply.Bulk("Hello World");
  if (EqualsNoCase(type, "integer")) return reply.Integer(12345);
  if (EqualsNoCase(type, "double")) return reply.Double(3.141);
  if (EqualsNoCase(type, "null")) return reply.Null();
  if (EqualsNoCase(type, "bignum")) return reply.BigNumber("1234567999999999999999999999999999999");
  if (EqualsNoCase(type, "true")) return reply.Bool(true);
  if (EqualsNoCase(type, "false")) return reply.Bool(false);
  if (EqualsNoCase(type, "verbatim")) return reply.Verbatim("txt", "This is a verbatim\nstring");
  if (EqualsNoCase(type, "array") || EqualsNoCase(type, "set")) {
    EqualsNoCase(type, "array") ? reply.Array(3) : reply.Set(3);
    for (int i = 0; i < 3; ++i) reply.Integer(i);
    return;
  }
  if (EqualsNoCase(type, "map")) {
    reply.Map(3);
    for (int i = 0; i < 3; ++i) {
      reply.Integer(i);
      reply.Bool(i == 1);
    }
    return;
  }
  if (EqualsNoCase(type, "attrib")) {
    if (reply.protocol() >= 3) {
      reply.Attribute(1);
      reply.Bulk("key-popularity");
      reply.Array(2);
      reply.Bulk("key:123");
      reply.Integer(90);
    }
    return reply.Bulk("Some real reply following the attribute");
  }
  if (EqualsNoCase(type, "push")) {
    if (reply.protocol() < 3) return reply.Error("ERR RESP2 is not supported by this command");
    reply.Push(2);
    reply.Bulk("server-cpu-usage");
    return reply.Integer(42);
  }
  reply.Error("ERR Wrong protocol type name. Please use one of the following: "
              "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

void ChangeReplId(Call& call) {
  call.node.log->Notice("Changing replication IDs after receiving change-repl-id");
  call.node.repl_log->StartNewHistory();
  call.reply.Ok();
}

void Reload(Call& call) {
  bool save = true;
  bool flush = true;
  for (const std::string_view option : call.args.subspan(2)) {
    if (EqualsNoCase(option, "nosave")) {
      save = false;
    } else if (EqualsNoCase(option, "noflush")) {
      flush = false;
    } else if (!EqualsNoCase(option, "merge")) {
      return call.reply.Error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    }
  }
  const auto reloaded = call.node.reloader->Reload(save, flush);
  call.effects.Suppress();
  if (!reloaded) return call.reply.Error("ERR Error trying to load the RDB dump: " + reloaded.error());
  call.node.log->Warning("DB reloaded by DEBUG RELOAD");
  call.reply.Ok();
}

void LoadAof(Call& call) {
  const auto reloaded = call.node.reloader->ReloadAof();
  call.effects.Suppress();
  if (!reloaded) return call.reply.Error("ERR Error trying to load the AOF files, check server logs");
  call.node.log->Warning("Append Only File loaded by DEBUG LOADAOF");
  call.reply.Ok();
}

void ErrorOf(Call& call) {
  std::string text(call.args[2]);
  call.reply.Error(text);
}

void LogLine(Call& call) {
  call.node.log->Warning("DEBUG LOG: " + std::string(call.args[2]));
  call.reply.Ok();
}

// As CONFIG REWRITE, with every directive.
void RewriteAll(Call& call) {
  const auto written = config::RewriteFile(*call.node.config, call.node.config->file_path(), config::Rewritten::kAll);
  if (!written) return call.reply.Error("ERR CONFIG-REWRITE-FORCE-ALL failed");
  call.reply.Ok();
}

void Segfault(Call& call) { std::raise(SIGSEGV); }
void Panic(Call& call) { std::abort(); }

void Restart(Call& call) {
  int64_t delay_ms = 0;
  if (call.args.size() > 2 && (!ParseInt64(call.args[2], &delay_ms) || delay_ms < 0)) {
    return call.reply.Error(kNotInteger);
  }
  call.node.lifecycle->Restart(delay_ms);
  call.reply.Ok();
}

void MatchLength(Call& call) {
  int64_t length;
  if (!ParseInt64(call.args[2], &length) || length < 0 || length > (1 << 28)) return call.reply.Error(kNotInteger);
  call.reply.Integer(base::GlobMatch(call.args[3], std::string(static_cast<size_t>(length), 'a')) ? 1 : 0);
}

void Leak(Call& call) {
  // The point of it: nothing refers to the copy afterwards.
  char* lost = static_cast<char*>(std::malloc(call.args[2].size() + 1));
  if (lost != nullptr) call.args[2].copy(lost, call.args[2].size());
  call.reply.Ok();
}

void Replicate(Call& call) {
  // The rest, as a command, to the log: data may then differ from the replicas'.
  call.effects.Replace(call.args.subspan(2));
  call.reply.Ok();
}

void Help(Call& call);

struct Row {
  std::string_view name;
  size_t min_args;  // DEBUG and the name included
  size_t max_args;
  Handler handler;
  std::string_view usage;
};

constexpr size_t kAny = SIZE_MAX;

constexpr Row kRows[] = {
    {"aof-flush-sleep", 3, 3, AofFlushSleep, "AOF-FLUSH-SLEEP <microsec>"},
    {"assert", 2, 2, Panic, "ASSERT"},
    {"change-repl-id", 2, 2, ChangeReplId, "CHANGE-REPL-ID"},
    {"close-cluster-link-on-packet-drop", 3, 3, DebugCloseLinkOnDrop, "CLOSE-CLUSTER-LINK-ON-PACKET-DROP <0|1>"},
    {"clusterlink", 5, 5, DebugClusterLink, "CLUSTERLINK KILL <to|from|all> <node-id>"},
    {"config-rewrite-force-all", 2, 2, RewriteAll, "CONFIG-REWRITE-FORCE-ALL"},
    {"crash-and-recover", 2, 3, Restart, "CRASH-AND-RECOVER [<milliseconds>]"},
    {"delay-rdb-client-free-second", 3, 3, Accepted, "DELAY-RDB-CLIENT-FREE-SECOND <seconds>"},
    {"dict-resizing", 3, 3, Accepted, "DICT-RESIZING <0|1>"},
    {"digest", 2, 2, DigestAll, "DIGEST"},
    {"digest-value", 2, kAny, DigestValues, "DIGEST-VALUE <key> [<key> ...]"},
    {"drop-cluster-packet-filter", 3, 3, DebugDropPackets, "DROP-CLUSTER-PACKET-FILTER <packet-type>"},
    {"error", 3, 3, ErrorOf, "ERROR <string>"},
    {"help", 2, 2, Help, "HELP"},
    {"htstats", 3, 4, DebugTables, "HTSTATS <dbid> [FULL]"},
    {"htstats-key", 3, 4, DebugTableOfKey, "HTSTATS-KEY <key> [FULL]"},
    {"leak", 3, 3, Leak, "LEAK <string>"},
    {"listpack", 3, 3, DebugListpack, "LISTPACK <key>"},
    {"loadaof", 2, 2, LoadAof, "LOADAOF"},
    {"log", 3, 3, LogLine, "LOG <message>"},
    {"mallctl", 3, 4, DebugAllocatorNumber, "MALLCTL <key> [<value>]"},
    {"mallctl-str", 3, 3, DebugAllocatorText, "MALLCTL-STR <key>"},
    {"object", 3, 4, DebugObject, "OBJECT <key>"},
    {"oom", 2, 2, Panic, "OOM"},
    {"panic", 2, 2, Panic, "PANIC"},
    {"pause-after-fork", 3, 3, Accepted, "PAUSE-AFTER-FORK <0|1>"},
    {"pause-cron", 3, 3, PauseCron, "PAUSE-CRON <0|1>"},
    {"populate", 3, 5, Populate, "POPULATE <count> [<prefix>] [<size>]"},
    {"protocol", 3, 3, ProtocolOf, "PROTOCOL <type>"},
    {"quicklist", 3, 4, DebugQuicklist, "QUICKLIST <key> [<0|1>]"},
    {"quicklist-packed-threshold", 3, 3, PackedThreshold, "QUICKLIST-PACKED-THRESHOLD <size>"},
    {"reload", 2, kAny, Reload, "RELOAD [MERGE] [NOFLUSH] [NOSAVE]"},
    {"replicate", 3, kAny, Replicate, "REPLICATE <command> [<arg> ...]"},
    {"replybuffer", 4, 4, ReplyBuffer, "REPLYBUFFER <PEAK-RESET-TIME|RESIZING> <value>"},
    {"restart", 2, 3, Restart, "RESTART [<milliseconds>]"},
    {"sdslen", 3, 3, DebugSdsLength, "SDSLEN <key>"},
    {"segfault", 2, 2, Segfault, "SEGFAULT"},
    {"set-active-expire", 3, 3, SetActiveExpire, "SET-ACTIVE-EXPIRE <0|1>"},
    {"set-disable-deny-scripts", 3, 3, DisableDenyScripts, "SET-DISABLE-DENY-SCRIPTS <0|1>"},
    {"set-skip-checksum-validation", 3, 3, SkipChecksum, "SET-SKIP-CHECKSUM-VALIDATION <0|1>"},
    {"sleep", 3, 3, Sleep, "SLEEP <seconds>"},
    {"slotmigration", 4, 4, SlotMigration, "SLOTMIGRATION DIE-BEFORE <step>"},
    {"stringmatch-len", 4, 4, MatchLength, "STRINGMATCH-LEN <length> <pattern>"},
    {"stringmatch-test", 2, 2, DebugMatchTest, "STRINGMATCH-TEST"},
    {"structsize", 2, 2, DebugStructSizes, "STRUCTSIZE"},
};

void Help(Call& call) {
  std::vector<std::string_view> lines;
  for (const Row& row : kRows) {
    if (row.name != "help") lines.push_back(row.usage);
  }
  ReplyHelp(call, "debug", lines);
}

void Debug(Call& call) {
  for (const Row& row : kRows) {
    if (!EqualsNoCase(row.name, call.args[1])) continue;
    if (call.args.size() < row.min_args || call.args.size() > row.max_args) break;
    return row.handler(call);
  }
  ReplySubcommandSyntaxError(call);
}

const CommandSpec kSpecs[] = {
    {"debug", -2, kAdmin | kNoScript | kLoading | kStale | kProtectedCmd, {}, 0,
     {"A container for debugging commands.", "1.0.0", "server", "Depends on subcommand."}, Debug},
};

}  // namespace

std::span<const CommandSpec> DebugCommands() { return kSpecs; }

}  // namespace windlass::commands
