// See script_host.h. The order of the questions, and so which error a script sees, is
// Redis's.
#include "node/server/script_host.h"

#include <utility>

#include "node/commands/access.h"
#include "node/commands/cluster_port.h"
#include "node/commands/version.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"
#include "node/net/event_loop.h"
#include "node/scripting/libraries.h"
#include "node/server/dispatcher.h"
#include "node/server/monitor_feed.h"
#include "node/server/session_table.h"

namespace windlass::server {

using commands::CommandSpec;
using commands::ScriptKind;
using commands::ScriptRun;

namespace {

constexpr int kVersionNumber = 0x00070204;  // of commands::kRedisVersion
constexpr std::string_view kKilled = "Script killed by user with SCRIPT KILL...";  // functions too
constexpr int64_t kMaxLoadingUs = 500'000;
constexpr std::string_view kOtherSlot = "ERR Script attempted to access keys that do not hash to the same slot";

scripting::Interpreter::Options InterpreterOptions(scripting::Host* host, uint64_t* random_state) {
  return {host, commands::kRedisVersion, kVersionNumber, {}, random_state};
}

bool StartsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

}  // namespace

ScriptHost::ScriptHost(const Parts& parts)
    : node_(parts.node),
      dispatcher_(parts.dispatcher),
      sessions_(parts.sessions),
      monitors_(parts.monitors),
      random_state_(scripting::kUnseededRandom),
      scripts_(InterpreterOptions(this, &random_state_)),
      functions_(InterpreterOptions(this, &random_state_)),
      client_(0, nullptr),
      busy_threshold_ms_(node_->config->Int("busy-reply-threshold")) {}

// --- the whole script

// A script that says what it will do is judged by that, before it begins.
bool ScriptHost::RefusedAtStart(commands::Call& call, const ScriptRun& run, bool trusted) {
  const commands::Status& status = node_->status;
  const auto refuse = [&call](std::string_view error) {
    call.reply.Error(error);
    return true;
  };
  const bool compatible = (run.flags & scripting::kCompatible) != 0;
  const bool stale = status.is_replica && !status.master_link_up && !node_->config->Bool("replica-serve-stale-data");
  if (compatible) {
    if (!stale || trusted) return false;
    return refuse("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.");
  }
  if ((run.flags & scripting::kNoCluster) != 0 && node_->cluster != nullptr) {
    return refuse("ERR Can not run script on cluster, 'no-cluster' flag is set.");
  }
  if (stale && (run.flags & scripting::kAllowStale) == 0 && !trusted) {
    return refuse(
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no' and 'allow-stale' flag is not "
        "set on the script.");
  }
  if ((run.flags & scripting::kNoWrites) == 0) {
    if (status.is_replica && node_->config->Bool("replica-read-only") && !trusted) {
      return refuse("READONLY You can not run script with write flag on readonly replica.");
    }
    std::string error;
    if (!trusted && dispatcher_->admission().RefusesWrites(&error)) return refuse(error);
    if (run.read_only) return refuse("ERR Can not execute a script with write flag using *_ro command.");
    if (!trusted && dispatcher_->admission().LacksReplicas()) {
      return refuse("NOREPLICAS Not enough good replicas to write.");
    }
    if ((run.flags & scripting::kAllowOom) == 0 && !trusted && !status.is_replica &&
        dispatcher_->admission().OverMemoryLimit()) {
      return refuse("OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'");
    }
  }
  return false;
}

uint64_t ScriptHost::FlagsOfCall(const CommandSpec& spec, std::span<const std::string_view> args) const {
  uint32_t declared = scripting::kCompatible;
  const bool by_text = spec.name == "eval" || spec.name == "eval_ro";
  if (by_text) {
    const auto head = scripting::ReadScriptHead(args[1]);
    if (head.ok()) declared = head->flags;
  } else if (spec.name == "evalsha" || spec.name == "evalsha_ro") {
    const scripting::CachedScript* script = scripts_.Find(args[1]);
    if (script != nullptr) declared = script->flags;
  } else {
    const scripting::Function* function = functions_.Find(args[1]);
    if (function != nullptr) declared = function->flags;
  }
  if ((declared & scripting::kCompatible) != 0) return spec.flags;
  uint64_t flags = spec.flags & ~(commands::kStale | commands::kDenyOom | commands::kWrite | commands::kMayReplicate);
  const bool writes = (declared & scripting::kNoWrites) == 0;
  if (writes) flags |= commands::kWrite;
  if ((declared & scripting::kAllowStale) != 0) flags |= commands::kStale;
  if (writes && (declared & scripting::kAllowOom) == 0) flags |= commands::kDenyOom;
  return flags;
}

void ScriptHost::Run(commands::Call& call, const ScriptRun& run) {
  if (current_ != nullptr) return call.reply.Error("ERR scripts do not nest");
  const bool trusted = call.client.Has(client::kMasterLink | client::kAofLoader);
  if (RefusedAtStart(call, run, trusted)) return;
  // Before the commands of the script, so that they follow it.
  if (!monitors_->empty()) monitors_->Tell(call.client, call.spec, call.args);
  call.effects.Suppress();
  Current current{&call, &run, node_->clock->MonotonicUs(), run.flags, -1, false, false, trusted};
  if (run.read_only) current.flags |= scripting::kNoWrites;
  if (node_->cluster != nullptr && !run.keys.empty()) current.slot = call.slot;
  client_.flags = client::kScript | client::kDenyBlocking | client::kInternal |
                  (call.client.flags & (client::kMasterLink | client::kAofLoader | client::kReadonlyMode |
                                        client::kAsking | client::kNoTouch));
  client_.db = call.client.db;
  client_.user = call.client.user;
  client_.authenticated = true;
  current_ = &current;
  const auto outcome = run.interpreter->Execute(
      {run.function, run.name, run.keys, run.args, run.kind == ScriptKind::kEval, kKilled}, &call.reply);
  if (outcome.counted) dispatcher_->ErrorIsCounted();
  current_ = nullptr;
  dispatcher_->set_replication(scripting::kReplAll);
  if (node_->status.busy == commands::Busy::kNo) return;
  node_->status.busy = commands::Busy::kNo;
  if (call.client.transport != nullptr) call.client.transport->PauseInput(false);
}

// --- libraries

void ScriptHost::LibrariesChanged() {
  if (tell_libraries_) tell_libraries_(functions_.Codes());
}

void ScriptHost::TakeLibrary(const std::string* code) {
  if (code == nullptr) return functions_.Flush();
  const auto loaded = functions_.Load(*code, /*replace=*/true);
  if (!loaded.ok()) node_->log->Warning("A function library of the data set cannot be loaded: " + loaded.error());
}

// --- one of its commands

const CommandSpec* ScriptHost::Find(std::span<const std::string_view> args) const {
  const CommandSpec* spec = node_->commands->Find(args[0]);
  if (spec == nullptr || spec->subcommands.empty() || args.size() < 2) return spec;
  const CommandSpec* sub = commands::CommandTable::FindSubcommand(*spec, args[1]);
  return sub != nullptr || spec->handler == nullptr ? sub : spec;
}

void ScriptHost::Call(std::span<const std::string_view> args, int protocol, std::string* reply) {
  client_.reply.set_out(reply);
  client_.reply.set_protocol(protocol);
  const CommandSpec* spec = Find(args);
  slot::SlotId slot = 0;
  const std::string error = WhyNot(spec, args, &slot);
  if (!error.empty()) return dispatcher_->RefuseNested(client_, spec, error);
  if ((spec->flags & commands::kWrite) != 0) current_->wrote = true;
  dispatcher_->ExecuteNested(client_, *spec, args, slot);
}

std::string ScriptHost::WhyNot(const CommandSpec* spec, std::span<const std::string_view> args, slot::SlotId* slot) {
  if (spec == nullptr) return "ERR Unknown Redis command called from script";
  const int count = static_cast<int>(args.size());
  if ((spec->arity > 0 ? count != spec->arity : count < -spec->arity) || spec->handler == nullptr) {
    return "ERR Wrong number of args calling Redis command from script";
  }
  if ((spec->flags & commands::kNoScript) != 0 && !node_->status.scripts_call_all) return "ERR This Redis command is not allowed from script";
  const std::string missing_right = RefusedByRules(*spec, args);
  if (!missing_right.empty()) return missing_right;
  if ((current_->flags & scripting::kNoWrites) != 0 &&
      (spec->flags & (commands::kWrite | commands::kMayReplicate)) != 0) {
    return "ERR Write commands are not allowed from read-only scripts.";
  }
  if (current_->trusted) {
    if (node_->keyspace->cluster_mode()) {
      commands::KeyPositions keys;
      if (commands::FindKeysOf(*spec, args, &keys) && !keys.empty()) {
        *slot = slot::KeySlot(args[static_cast<size_t>(keys[0].index)]);
      }
    }
    return "";
  }
  return JudgedRefusal(*spec, args, slot);
}

// A script may do what the user may who called it.
std::string ScriptHost::RefusedByRules(const CommandSpec& spec, std::span<const std::string_view> args) {
  const client::Client& caller = current_->call->client;
  if (current_->trusted || !caller.Has(client::kRestricted)) return "";
  const acl::Verdict verdict = commands::MayRun(*node_, caller, spec, args, acl::DenialContext::kLua);
  if (verdict.denial == acl::Denial::kNone) return "";
  return "ERR ACL failure in script: " + commands::DenialText(*caller.user, spec, verdict.denial, "", false);
}

std::string ScriptHost::JudgedRefusal(const CommandSpec& spec, std::span<const std::string_view> args,
                                      slot::SlotId* slot) {
  std::string error;
  const Verdict verdict = dispatcher_->admission().Judge(client_, spec, args, slot, &error);
  // A script cannot wait, and what it declared was waited for before it began.
  if (verdict == Verdict::kHold || dispatcher_->WritesMovingKey(client_, spec, args)) {
    return "TRYAGAIN Script attempted to write a key that is on its way to another node";
  }
  if (verdict == Verdict::kRefuse) {
    if (StartsWith(error, "MOVED") || StartsWith(error, "ASK") || StartsWith(error, "TRYAGAIN")) {
      return "ERR Script attempted to access a non local key in a cluster node";
    }
    if (StartsWith(error, "CROSSSLOT")) return std::string(kOtherSlot);
    if (StartsWith(error, "CLUSTERDOWN")) {
      const bool readonly_only = error.find("only accepts read") != std::string::npos;
      return readonly_only ? "ERR Script attempted to execute a write command while the cluster is down and readonly"
                           : "ERR Script attempted to execute a command while the cluster is down";
    }
    if (StartsWith(error, "MASTERDOWN") && (current_->flags & scripting::kAllowStale) != 0) {
      return "ERR Can not execute the command on a stale replica";
    }
    // What has begun to write is not stopped half-way by the state of the server.
    const bool by_state = StartsWith(error, "OOM") || StartsWith(error, "READONLY") || StartsWith(error, "MISCONF") ||
                          StartsWith(error, "NOREPLICAS");
    const bool may_fill = StartsWith(error, "OOM") && (current_->flags & scripting::kAllowOom) != 0;
    if (!(by_state && current_->wrote) && !may_fill) return error;
  }
  if (node_->cluster == nullptr || (current_->flags & (scripting::kAllowCrossSlot | scripting::kCompatible)) != 0) return "";
  commands::KeyPositions keys;
  if (!commands::FindKeysOf(spec, args, &keys) || keys.empty()) return "";
  if (current_->slot >= 0 && current_->slot != *slot) return std::string(kOtherSlot);
  current_->slot = *slot;
  return "";
}

int ScriptHost::MayCall(std::span<const std::string_view> args) {
  const CommandSpec* spec = Find(args);
  if (spec == nullptr) return -1;
  const client::Client& caller = current_->call->client;
  if (current_->trusted || !caller.Has(client::kRestricted)) return 1;
  return commands::CheckAccess(*caller.user, *spec, args).denial == acl::Denial::kNone ? 1 : 0;
}

void ScriptHost::SetReplication(int flags) { dispatcher_->set_replication(flags); }

void ScriptHost::Log(int level, std::string_view text) {
  static constexpr base::LogLevel kLevels[] = {base::LogLevel::kDebug, base::LogLevel::kVerbose, base::LogLevel::kNotice,
                                               base::LogLevel::kWarning};
  node_->log->Log(kLevels[level], std::string(text));
}

// --- scripts that take long

// What came with the data set or from the master is taken however long it takes.
bool ScriptHost::LoadingTooLong() const {
  if (node_->status.loading || node_->status.is_replica) return false;
  return node_->clock->MonotonicUs() - loading_since_us_ > kMaxLoadingUs;
}

bool ScriptHost::Interrupted() {
  if (current_ == nullptr) return LoadingTooLong();
  const int64_t elapsed_ms = (node_->clock->MonotonicUs() - current_->start_us) / 1000;
  if (busy_threshold_ms_ <= 0 || elapsed_ms < busy_threshold_ms_) return false;
  if (current_->call->client.Has(client::kAofLoader)) return false;
  if (node_->status.busy == commands::Busy::kNo) {
    const bool eval = current_->run->kind == ScriptKind::kEval;
    node_->status.busy = eval ? commands::Busy::kScript : commands::Busy::kFunction;
    node_->log->Logf(base::LogLevel::kWarning,
                     "Slow script detected: still in execution after %lld milliseconds. You can try killing the script "
                     "using the %s command. Script name is: %s.",
                     static_cast<long long>(elapsed_ms), eval ? "SCRIPT KILL" : "FUNCTION KILL",
                     std::string(current_->run->name).c_str());
    // Its own client's next requests wait.
    client::Transport* transport = current_->call->client.transport;
    if (transport != nullptr) transport->PauseInput(true);
  }
  ServeOthers();
  if (current_->kill) node_->log->Notice("Lua script killed by user with SCRIPT KILL.");
  return current_->kill || node_->loop->stopping();
}

// The arguments of the running command are views into what others would use.
void ScriptHost::ServeOthers() {
  RequestBatch kept;
  std::swap(kept, sessions_->batch());
  std::string* const reply = client_.reply.out();
  node_->loop->ServeNested();
  client_.reply.set_out(reply);
  std::swap(kept, sessions_->batch());
}

void ScriptHost::Kill(commands::Call& call, ScriptKind kind) {
  if (current_ == nullptr) return call.reply.Error("NOTBUSY No scripts in execution right now.");
  if (current_->trusted) {
    return call.reply.Error(
        "UNKILLABLE The busy script was sent by a master instance in the context of replication and cannot be killed.");
  }
  if (current_->wrote) {
    return call.reply.Error(
        "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script "
        "termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.");
  }
  if (kind != current_->run->kind) return call.reply.Error(commands::BusyError(node_->status.busy));
  current_->kill = true;
  call.reply.Ok();
}

bool ScriptHost::Running(commands::RunningScript* running) const {
  if (current_ == nullptr) return false;
  *running = {current_->run->kind, current_->run->name, current_->call->args,
              (node_->clock->MonotonicUs() - current_->start_us) / 1000};
  return true;
}

}  // namespace windlass::server
