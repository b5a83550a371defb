// EVAL and its kin, SCRIPT.
#include "node/commands/script_commands.h"

#include <string>
#include <vector>

#include "node/commands/ports.h"
#include "node/commands/script_runner.h"

namespace windlass::commands {

using scripting::CachedScript;

std::string_view BusyError(Busy busy) {
  return busy == Busy::kFunction
             ? "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
             : "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
}

bool TellsHowToFlush(const Call& call) {
  if (call.args.size() == 2) return true;
  return call.args.size() == 3 && (EqualsNoCase(call.args[2], "sync") || EqualsNoCase(call.args[2], "async"));
}

bool TakeKeysAndArguments(Call& call, ScriptRun* run) {
  int64_t count;
  if (!ParseInt64(call.args[2], &count)) {
    call.reply.Error(kNotInteger);
    return false;
  }
  if (count > static_cast<int64_t>(call.args.size()) - 3) {
    call.reply.Error("ERR Number of keys can't be greater than number of args");
    return false;
  }
  if (count < 0) {
    call.reply.Error("ERR Number of keys can't be negative");
    return false;
  }
  run->keys = call.args.subspan(3, static_cast<size_t>(count));
  run->args = call.args.subspan(3 + static_cast<size_t>(count));
  return true;
}

namespace {

void RunScript(Call& call, const CachedScript& script, ScriptRun run) {
  run.interpreter = &call.node.scripts->scripts().interpreter();
  run.function = script.function;
  run.name = script.name;
  run.flags = script.flags;
  call.node.scripts->Run(call, run);
}

ScriptRun EvalRun(bool read_only) {
  ScriptRun run{};
  run.kind = ScriptKind::kEval;
  run.read_only = read_only;
  return run;
}

template <bool read_only>
void Eval(Call& call) {
  ScriptRun run = EvalRun(read_only);
  if (!TakeKeysAndArguments(call, &run)) return;
  const auto script = call.node.scripts->scripts().Load(call.args[1]);
  if (!script.ok()) return call.reply.Error("ERR " + script.error());
  RunScript(call, **script, run);
}

template <bool read_only>
void EvalSha(Call& call) {
  ScriptRun run = EvalRun(read_only);
  const CachedScript* script = call.node.scripts->scripts().Find(call.args[1]);
  if (call.args[1].size() != 40) return call.reply.Error("NOSCRIPT No matching script. Please use EVAL.");
  if (!TakeKeysAndArguments(call, &run)) return;
  if (script == nullptr) return call.reply.Error("NOSCRIPT No matching script. Please use EVAL.");
  RunScript(call, *script, run);
}

void Load(Call& call) {
  const auto script = call.node.scripts->scripts().Load(call.args[2]);
  if (!script.ok()) return call.reply.Error("ERR " + script.error());
  call.reply.Bulk((*script)->name);
}

void Exists(Call& call) {
  call.reply.Array(static_cast<int64_t>(call.args.size()) - 2);
  for (const std::string_view name : call.args.subspan(2)) {
    call.reply.Integer(call.node.scripts->scripts().Find(name) != nullptr ? 1 : 0);
  }
}

void Flush(Call& call) {
  if (!TellsHowToFlush(call)) return call.reply.Error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
  call.node.scripts->scripts().Flush();
  call.reply.Ok();
}

void Kill(Call& call) { call.node.scripts->Kill(call, ScriptKind::kEval); }

// There is no debugger; scripts run as ever.
void Debug(Call& call) {
  const std::string_view mode = call.args[2];
  if (EqualsNoCase(mode, "no")) return call.reply.Ok();
  if (!EqualsNoCase(mode, "yes") && !EqualsNoCase(mode, "sync")) {
    return call.reply.Error("ERR Use SCRIPT DEBUG YES/SYNC/NO");
  }
  call.reply.Error("ERR The script debugger is not supported by this server");
}

void Help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "DEBUG (YES|SYNC|NO)", "    Set the debug mode of the scripts that follow.",
      "EXISTS <sha1> [<sha1> ...]", "    Tell which of the scripts the server knows.",
      "FLUSH [ASYNC|SYNC]", "    Forget all scripts.",
      "KILL", "    End the script that runs.",
      "LOAD <script>", "    Remember a script without running it.",
  };
  ReplyHelp(call, "script", kLines);
}


#define SCRIPT_SUBCOMMAND(name, arity, flags, since, summary, complexity, handler) \
  { "script|" name, arity, flags, {}, kAclScripting, {summary, since, "scripting", complexity}, handler }

const CommandSpec kSubcommands[] = {
    SCRIPT_SUBCOMMAND("debug", 3, kNoScript, "3.2.0", "Sets the debug mode of scripts.", "O(1)", Debug),
    SCRIPT_SUBCOMMAND("exists", -3, kNoScript, "2.6.0", "Tells which scripts the server knows.",
                      "O(N) in the number of names", Exists),
    SCRIPT_SUBCOMMAND("flush", -2, kNoScript, "2.6.0", "Forgets all scripts.", "O(N) in the number of scripts", Flush),
    SCRIPT_SUBCOMMAND("help", 2, kLoading | kStale, "5.0.0", "Returns helpful text about the different subcommands.", "O(1)",
                      Help),
    SCRIPT_SUBCOMMAND("kill", 2, kNoScript | kAllowBusy, "2.6.0", "Ends the script that runs.", "O(1)", Kill),
    SCRIPT_SUBCOMMAND("load", 3, kNoScript | kStale, "2.6.0", "Remembers a script.", "O(N) in the length of the script",
                      Load),
};

#undef SCRIPT_SUBCOMMAND

const CommandSpec kSpecs[] = {
    {"eval", -3, kRunner | kMayReplicate, kChangedKeys, kAclScripting,
     {"Runs a Lua script.", "2.6.0", "scripting", "As the script does"}, Eval<false>},
    {"eval_ro", -3, kRunner | kReadonly, kReadKeys, kAclScripting,
     {"Runs a Lua script that may only read.", "7.0.0", "scripting", "As the script does"}, Eval<true>},
    {"evalsha", -3, kRunner | kMayReplicate, kChangedKeys, kAclScripting,
     {"Runs a Lua script that the server knows.", "2.6.0", "scripting", "As the script does"}, EvalSha<false>},
    {"evalsha_ro", -3, kRunner | kReadonly, kReadKeys, kAclScripting,
     {"Runs a known Lua script that may only read.", "7.0.0", "scripting", "As the script does"}, EvalSha<true>},
    {"script", -2, 0, {}, 0, {"A container for Lua scripts management commands.", "2.6.0", "scripting", "Depends on subcommand."},
     nullptr, kSubcommands},
};

}  // namespace

std::span<const CommandSpec> ScriptCommands() { return kSpecs; }

}  // namespace windlass::commands
