// From arguments to an executed command: lookup, arity, admission, execution,
// accounting, and handing its effects to the log.
//
// One way in for everybody: connections, the link to a master, AOF replay, EXEC.
// Clients flagged kMasterLink or kAofLoader skip admission.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/commands/command.h"
#include "node/commands/command_table.h"
#include "node/commands/ports.h"
#include "node/keyspace/observers.h"
#include "node/observe/cycle_clock.h"
#include "node/scripting/host.h"
#include "node/server/admission.h"
#include "node/server/monitor_feed.h"
#include "node/server/tracking.h"
#include "node/server/write_log.h"

namespace windlass::server {

// What became of a request.
enum class Outcome {
  kDone,     // replied, or refused
  kBlocked,  // the client waits; do not parse further
  kHeld,     // writes are paused: not executed, offer the same request again later
};

struct RequestBatch;

class Dispatcher final : public commands::Executor, public keyspace::ExpiryListener {
 public:
  Dispatcher(commands::Node* node, const commands::CommandTable* table, WriteLog* log, MemoryLimit* memory);

  // The request of a connected client. Never touches args after it returns. `found`:
  // the command's row, if it was looked up already.
  Outcome Run(client::Client& client, std::span<const std::string_view> args,
              const commands::CommandSpec* found = nullptr);
  // Looks the commands of a batch up, and fetches what their keys lead to.
  void Prefetch(const client::Client& client, RequestBatch* batch);

  // Executor: also for the commands inside an EXEC, whose effects become one unit.
  void Execute(client::Client& client, std::span<const std::string_view> args) override;

  // A command of a script, judged already.
  void ExecuteNested(client::Client& client, const commands::CommandSpec& spec, std::span<const std::string_view> args,
                     slot::SlotId slot) {
    Invoke(client, spec, args, slot);
  }
  // The command changes a key that is being moved to another node.
  bool WritesMovingKey(const client::Client& client, const commands::CommandSpec& spec,
                       std::span<const std::string_view> args) const;
  bool TransactionWritesMovingKey(const client::Client& client) const;
  // One that may not run: counted and replied.
  void RefuseNested(client::Client& client, const commands::CommandSpec* spec, std::string_view error) {
    Refuse(client, spec, error);
  }
  // The error that the running command replies was counted for one it ran.
  void ErrorIsCounted() { error_is_counted_ = true; }
  // Where the effects of a script's commands go: scripting::kRepl bits.
  void set_replication(int flags) { replication_ = flags; }

  // A key's time has come: its DEL precedes what the running command does.
  void OnExpired(keyspace::Database& db, slot::SlotId slot, std::string_view key) override;
  void OnEvicted(keyspace::Database& db, slot::SlotId slot, std::string_view key) override;

  // Those who see each command; empty most of the time.
  void set_monitors(MonitorFeed* monitors) { monitors_ = monitors; }
  void set_tracking(Tracking* tracking) { tracking_ = tracking; }

  Admission& admission() { return admission_; }
  WriteLog& log() { return *log_; }
  // The command being executed, or null.
  const commands::CommandSpec* current() const { return current_; }

 private:
  static constexpr int kMaxDepth = 4;

  Outcome RunImported(client::Client& client, std::span<const std::string_view> args);
  const commands::CommandSpec* Resolve(client::Client& client, std::span<const std::string_view> args,
                                       const commands::CommandSpec* found = nullptr);
  bool IsHeld(const client::Client& client, const commands::CommandSpec& spec, std::span<const std::string_view> args) const;
  bool KeepsExpired() const;
  void Invoke(client::Client& client, const commands::CommandSpec& spec,
              std::span<const std::string_view> args, slot::SlotId slot);
  void Commit(int db, std::span<const std::string_view> args, bool changed, const commands::Effects& effects);
  void TrackKeys(client::Client& client, const commands::CommandSpec& spec, std::span<const std::string_view> args);
  void AppendToLog(int db, std::span<const std::string_view> args, bool replicas_only);
  void Account(client::Client& client, const commands::CommandSpec& spec,
               std::span<const std::string_view> args, int64_t elapsed_ns, size_t reply_begin);
  void CountSlot(const client::Client& client, const commands::CommandSpec& spec,
                 std::span<const std::string_view> args, slot::SlotId slot, int64_t elapsed_ns, size_t reply_begin);
  void Queue(client::Client& client, const commands::CommandSpec& spec,
             std::span<const std::string_view> args, slot::SlotId slot);
  void Refuse(client::Client& client, const commands::CommandSpec* spec, std::string_view error);
  void RefuseUnknown(client::Client& client, std::span<const std::string_view> args);
  void CountError(client::Client& client, size_t reply_begin);

  commands::Node* node_;
  const commands::CommandTable* table_;
  WriteLog* log_;
  const commands::CommandSpec* exec_;
  Admission admission_;
  observe::TickScale tick_scale_;
  MonitorFeed* monitors_ = nullptr;
  Tracking* tracking_ = nullptr;
  client::Client* acting_ = nullptr;  // whose command runs, at the outermost
  int replication_ = scripting::kReplAll;
  const commands::CommandSpec* current_ = nullptr;
  int depth_ = 0;
  bool error_is_counted_ = false;
  int64_t frozen_now_ms_ = 0;  // while depth_ > 0
  commands::Effects effects_[kMaxDepth];  // by depth: EXEC, then its commands
  std::vector<std::string_view> views_;
  std::string error_;
  const int64_t& lazy_expire_;
  const int64_t& lazy_eviction_;
  const int64_t& slow_threshold_us_;
  const int64_t& slow_max_entries_;
  const int64_t& latency_tracking_;
  const int64_t& latency_threshold_ms_;
};

}  // namespace windlass::server
