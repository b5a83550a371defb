// Runs scripts and functions: what they may do, their commands, how long they take.
//
// A script's commands run in the name of a client of its own, nested in the command
// that called it; their effects become one unit of the log. One that takes longer than
// busy-reply-threshold lets other clients be answered now and then: most of them that
// the server is busy.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "node/client/client.h"
#include "node/commands/ports.h"
#include "node/commands/script_runner.h"
#include "node/scripting/host.h"

namespace windlass::server {

class Dispatcher;
class MonitorFeed;
class SessionTable;

class ScriptHost final : public commands::ScriptRunner, private scripting::Host {
 public:
  struct Parts {
    commands::Node* node;
    Dispatcher* dispatcher;
    SessionTable* sessions;
    MonitorFeed* monitors;
  };
  explicit ScriptHost(const Parts& parts);

  // Told when the libraries have changed.
  using OnLibraries = std::function<void(std::vector<std::string> codes)>;
  void SetOnLibraries(OnLibraries tell) { tell_libraries_ = std::move(tell); }
  // A library that came with data; null: all are gone.
  void TakeLibrary(const std::string* code);

  // commands::ScriptRunner
  void LibrariesChanged() override;
  void Run(commands::Call& call, const commands::ScriptRun& run) override;
  void Kill(commands::Call& call, commands::ScriptKind kind) override;
  bool Running(commands::RunningScript* running) const override;
  uint64_t FlagsOfCall(const commands::CommandSpec& spec, std::span<const std::string_view> args) const override;
  scripting::ScriptCache& scripts() override { return scripts_; }
  scripting::FunctionRegistry& functions() override { return functions_; }

 private:
  // The script that runs.
  struct Current {
    commands::Call* call;
    const commands::ScriptRun* run;
    int64_t start_us;
    uint32_t flags;
    int slot = -1;        // cluster mode: of the keys so far
    bool wrote = false;   // a write command was let through
    bool kill = false;
    bool trusted = false; // from the master or the log: nothing is refused
  };

  // scripting::Host
  void Call(std::span<const std::string_view> args, int protocol, std::string* reply) override;
  int MayCall(std::span<const std::string_view> args) override;
  void LoadingLibrary() override { loading_since_us_ = node_->clock->MonotonicUs(); }
  void SetReplication(int flags) override;
  void Log(int level, std::string_view text) override;
  bool Interrupted() override;

  bool LoadingTooLong() const;
  bool RefusedAtStart(commands::Call& call, const commands::ScriptRun& run, bool trusted);
  const commands::CommandSpec* Find(std::span<const std::string_view> args) const;
  // Empty: it may run. Else the error, with its code.
  std::string WhyNot(const commands::CommandSpec* spec, std::span<const std::string_view> args, slot::SlotId* slot);
  std::string RefusedByRules(const commands::CommandSpec& spec, std::span<const std::string_view> args);
  std::string JudgedRefusal(const commands::CommandSpec& spec, std::span<const std::string_view> args, slot::SlotId* slot);
  void ServeOthers();

  commands::Node* node_;
  Dispatcher* dispatcher_;
  SessionTable* sessions_;
  MonitorFeed* monitors_;
  uint64_t random_state_;  // scripts and functions draw from one row of numbers
  scripting::ScriptCache scripts_;
  scripting::FunctionRegistry functions_;
  client::Client client_;
  Current* current_ = nullptr;
  int64_t loading_since_us_ = 0;
  OnLibraries tell_libraries_;
  const int64_t& busy_threshold_ms_;
};

}  // namespace windlass::server
