// How commands run scripts. The server implements it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "node/commands/command.h"
#include "node/scripting/function_registry.h"
#include "node/scripting/script_cache.h"

namespace windlass::commands {

enum class ScriptKind { kEval, kFunction };

struct ScriptRun {
  ScriptKind kind;
  scripting::Interpreter* interpreter;
  int function;
  std::string_view name;  // of the function, or the script's SHA-1
  std::span<const std::string_view> keys;
  std::span<const std::string_view> args;
  uint32_t flags;  // scripting::ScriptFlag
  bool read_only;  // called by EVAL_RO or the like
};

// What runs now, for FUNCTION STATS.
struct RunningScript {
  ScriptKind kind;
  std::string_view name;
  std::span<const std::string_view> command;
  int64_t duration_ms;
};

class ScriptRunner {
 public:
  virtual ~ScriptRunner() = default;
  // Refuses, or runs and replies.
  virtual void Run(Call& call, const ScriptRun& run) = 0;
  // SCRIPT KILL, FUNCTION KILL: replies.
  virtual void Kill(Call& call, ScriptKind kind) = 0;
  virtual bool Running(RunningScript* running) const = 0;
  // The command flags of a call as its script declares them; those of `spec` if the
  // script declares nothing or is not known.
  virtual uint64_t FlagsOfCall(const CommandSpec& spec, std::span<const std::string_view> args) const = 0;
  // After a change of the libraries: they are part of the data.
  virtual void LibrariesChanged() = 0;
  virtual scripting::ScriptCache& scripts() = 0;
  virtual scripting::FunctionRegistry& functions() = 0;
};

}  // namespace windlass::commands
