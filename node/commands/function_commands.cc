// FCALL and FCALL_RO, FUNCTION.
#include <optional>
#include <string>
#include <vector>

#include "node/base/glob.h"
#include "node/commands/ports.h"
#include "node/commands/script_commands.h"
#include "node/commands/script_runner.h"
#include "node/keyspace/keyspace.h"
#include "node/persistence/function_payload.h"

namespace windlass::commands {

using scripting::Function;
using scripting::FunctionRegistry;
using scripting::Library;

namespace {

template <bool read_only>
void FCall(Call& call) {
  FunctionRegistry& functions = call.node.scripts->functions();
  ScriptRun run{};
  run.kind = ScriptKind::kFunction;
  const Function* function = functions.Find(call.args[1]);
  if (function == nullptr) return call.reply.Error("ERR Function not found");
  int64_t count;
  if (!ParseInt64(call.args[2], &count)) return call.reply.Error("ERR Bad number of keys provided");
  if (!TakeKeysAndArguments(call, &run)) return;
  run.interpreter = &functions.interpreter();
  run.function = function->reference;
  run.name = function->name;
  run.flags = function->flags;
  run.read_only = read_only;
  call.node.scripts->Run(call, run);
}

// The libraries are data: replicas, the AOF and the next snapshot get them.
void Changed(Call& call) {
  call.node.scripts->LibrariesChanged();
  call.db.keyspace().AddDirty(1);
}

void Load(Call& call) {
  bool replace = false;
  for (size_t i = 2; i + 1 < call.args.size(); ++i) {
    if (!EqualsNoCase(call.args[i], "replace")) {
      return call.reply.Error("ERR Unknown option given: " + std::string(call.args[i]));
    }
    replace = true;
  }
  const auto loaded = call.node.scripts->functions().Load(call.args.back(), replace);
  if (!loaded.ok()) return call.reply.Error("ERR " + loaded.error());
  Changed(call);
  call.reply.Bulk(*loaded);
}

void Delete(Call& call) {
  if (!call.node.scripts->functions().Delete(call.args[2])) return call.reply.Error("ERR Library not found");
  Changed(call);
  call.reply.Ok();
}

void Flush(Call& call) {
  if (call.args.size() > 3) return ReplySubcommandSyntaxError(call);
  if (!TellsHowToFlush(call)) return call.reply.Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
  call.node.scripts->functions().Flush();
  Changed(call);
  call.reply.Ok();
}

void WriteFunction(Call& call, const Function& function) {
  call.reply.Map(3);
  call.reply.Bulk("name");
  call.reply.Bulk(function.name);
  call.reply.Bulk("description");
  if (function.described) {
    call.reply.Bulk(function.description);
  } else {
    call.reply.Null();
  }
  call.reply.Bulk("flags");
  std::vector<std::string_view> words;
  for (const scripting::FlagWord& entry : scripting::kFlagWords) {
    if ((function.flags & entry.flag) != 0) words.push_back(entry.word);
  }
  call.reply.Set(static_cast<int64_t>(words.size()));
  for (const std::string_view word : words) call.reply.Simple(word);
}

void WriteLibrary(Call& call, const Library& library, bool with_code) {
  call.reply.Map(with_code ? 4 : 3);
  call.reply.Bulk("library_name");
  call.reply.Bulk(library.name);
  call.reply.Bulk("engine");
  call.reply.Bulk(library.engine);
  call.reply.Bulk("functions");
  call.reply.Array(static_cast<int64_t>(library.functions.size()));
  for (const auto& [name, function] : library.functions) WriteFunction(call, *function);
  if (!with_code) return;
  call.reply.Bulk("library_code");
  call.reply.Bulk(library.code);
}

void List(Call& call) {
  bool with_code = false;
  std::optional<std::string_view> pattern;
  for (size_t i = 2; i < call.args.size(); ++i) {
    if (!with_code && EqualsNoCase(call.args[i], "withcode")) {
      with_code = true;
    } else if (!pattern && EqualsNoCase(call.args[i], "libraryname")) {
      if (i + 1 == call.args.size()) return call.reply.Error("ERR library name argument was not given");
      pattern = call.args[++i];
    } else {
      return call.reply.Error("ERR Unknown argument " + std::string(call.args[i]));
    }
  }
  std::vector<const Library*> chosen;
  for (const auto& [name, library] : call.node.scripts->functions().libraries()) {
    if (!pattern || base::GlobMatch(*pattern, name, /*ignore_case=*/true)) chosen.push_back(library.get());
  }
  call.reply.Array(static_cast<int64_t>(chosen.size()));
  for (const Library* library : chosen) WriteLibrary(call, *library, with_code);
}

void Stats(Call& call) {
  RunningScript running;
  const bool runs = call.node.scripts->Running(&running);
  if (runs && running.kind == ScriptKind::kEval) return call.reply.Error(BusyError(Busy::kScript));
  call.reply.Map(2);
  call.reply.Bulk("running_script");
  if (runs) {
    call.reply.Map(3);
    call.reply.Bulk("name");
    call.reply.Bulk(running.name);
    call.reply.Bulk("command");
    call.reply.Strings(running.command.data(), running.command.size());
    call.reply.Bulk("duration_ms");
    call.reply.Integer(running.duration_ms);
  } else {
    call.reply.Null();
  }
  const FunctionRegistry& functions = call.node.scripts->functions();
  call.reply.Bulk("engines");
  call.reply.Map(1);
  call.reply.Bulk("LUA");
  call.reply.Map(2);
  call.reply.Bulk("libraries_count");
  call.reply.Integer(static_cast<int64_t>(functions.libraries().size()));
  call.reply.Bulk("functions_count");
  call.reply.Integer(static_cast<int64_t>(functions.function_count()));
}

void Kill(Call& call) { call.node.scripts->Kill(call, ScriptKind::kFunction); }

void Dump(Call& call) { call.reply.Bulk(persistence::DumpFunctions(call.node.scripts->functions().Codes())); }

void Restore(Call& call) {
  using Policy = FunctionRegistry::Policy;
  Policy policy = Policy::kAppend;
  if (call.args.size() > 4) return ReplySubcommandSyntaxError(call);
  if (call.args.size() == 4) {
    if (EqualsNoCase(call.args[3], "flush")) {
      policy = Policy::kFlush;
    } else if (EqualsNoCase(call.args[3], "replace")) {
      policy = Policy::kReplace;
    } else if (!EqualsNoCase(call.args[3], "append")) {
      return call.reply.Error("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
    }
  }
  const auto codes = persistence::ParseFunctions(call.args[2]);
  if (!codes.ok()) return call.reply.Error("ERR " + codes.error());
  const auto restored = call.node.scripts->functions().Restore(*codes, policy);
  if (!restored.ok()) return call.reply.Error("ERR " + restored.error());
  Changed(call);
  call.reply.Ok();
}

void Help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "LOAD [REPLACE] <FUNCTION CODE>", "    Create a library; with REPLACE, in the place of one with its name.",
      "DELETE <LIBRARY NAME>", "    Delete a library and its functions.",
      "LIST [LIBRARYNAME PATTERN] [WITHCODE]", "    Tell of the libraries, with their code if asked to.",
      "STATS", "    Tell of the function that runs, and how many there are.",
      "KILL", "    End the function that runs.",
      "FLUSH [ASYNC|SYNC]", "    Delete all libraries.",
      "DUMP", "    Return all libraries in a form that FUNCTION RESTORE takes.",
      "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]", "    Bring libraries back: in the place of all (FLUSH), beside those",
      "    that are there (APPEND), or in the place of those with their names (REPLACE).",
  };
  ReplyHelp(call, "function", kLines);
}


#define FUNCTION_SUBCOMMAND(name, arity, flags, summary, complexity, handler) \
  { "function|" name, arity, flags, {}, kAclScripting, {summary, "7.0.0", "scripting", complexity}, handler }

const CommandSpec kSubcommands[] = {
    FUNCTION_SUBCOMMAND("delete", 3, kNoScript | kWrite, "Deletes a library and its functions.", "O(1)", Delete),
    FUNCTION_SUBCOMMAND("dump", 2, kNoScript, "Returns all libraries as bytes.", "O(N) in the number of functions", Dump),
    FUNCTION_SUBCOMMAND("flush", -2, kNoScript | kWrite, "Deletes all libraries.", "O(N) in the number of functions", Flush),
    FUNCTION_SUBCOMMAND("help", 2, kLoading | kStale, "Returns helpful text about the different subcommands.", "O(1)", Help),
    FUNCTION_SUBCOMMAND("kill", 2, kNoScript | kAllowBusy, "Ends the function that runs.", "O(1)", Kill),
    FUNCTION_SUBCOMMAND("list", -2, kNoScript, "Tells of the libraries.", "O(N) in the number of functions", List),
    FUNCTION_SUBCOMMAND("load", -3, kNoScript | kWrite | kDenyOom, "Creates a library.", "O(1), and what the library does",
                        Load),
    FUNCTION_SUBCOMMAND("restore", -3, kNoScript | kWrite | kDenyOom, "Brings libraries back from bytes.",
                        "O(N) in the number of functions", Restore),
    FUNCTION_SUBCOMMAND("stats", 2, kNoScript | kAllowBusy, "Tells of the function that runs.", "O(1)", Stats),
};

#undef FUNCTION_SUBCOMMAND

const CommandSpec kSpecs[] = {
    {"fcall", -3, kRunner | kMayReplicate, kChangedKeys, kAclScripting,
     {"Calls a function of a library.", "7.0.0", "scripting", "As the function does"}, FCall<false>},
    {"fcall_ro", -3, kRunner | kReadonly, kReadKeys, kAclScripting,
     {"Calls a function of a library that may only read.", "7.0.0", "scripting", "As the function does"}, FCall<true>},
    {"function", -2, 0, {}, 0, {"A container for function commands.", "7.0.0", "scripting", "Depends on subcommand."},
     nullptr, kSubcommands},
};

}  // namespace

std::span<const CommandSpec> FunctionCommands() { return kSpecs; }

}  // namespace windlass::commands
