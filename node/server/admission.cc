// Admission. See admission.h. The order of the questions decides which error a
// client sees when several apply, and is Redis's.
#include "node/server/admission.h"

#include "node/commands/access.h"
#include "node/commands/cluster_port.h"
#include "node/commands/command_table.h"
#include "node/commands/script_runner.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"
#include "node/server/memory_limit.h"

namespace windlass::server {

using client::Client;
using commands::CommandSpec;

Admission::Admission(commands::Node* node, MemoryLimit* memory)
    : node_(node),
      memory_(memory),
      replica_read_only_(node->config->Int("replica-read-only")),
      replica_serve_stale_data_(node->config->Int("replica-serve-stale-data")),
      min_replicas_to_write_(node->config->Int("min-replicas-to-write")),
      stop_writes_on_bgsave_error_(node->config->Int("stop-writes-on-bgsave-error")),
      debug_command_(node->config->Int("enable-debug-command")),
      module_command_(node->config->Int("enable-module-command")) {}

uint64_t Admission::FlagsOf(const CommandSpec& spec, std::span<const std::string_view> args) const {
  if ((spec.flags & commands::kRunsCommands) == 0 || spec.name == "exec") [[likely]] return spec.flags;
  return node_->scripts->FlagsOfCall(spec, args);
}

bool Admission::OverMemoryLimit() const { return memory_->RefusesGrowth(); }

// Queueing grows without bound too, so inside MULTI everything but its end is refused.
bool Admission::RefusedByMemory(const Client& client, const CommandSpec& spec, uint64_t flags) const {
  if (memory_->MakeRoom()) [[likely]] return false;
  if ((flags & commands::kDenyOom) != 0) return true;
  if (!client.Has(client::kMulti)) return false;
  if (spec.name == "exec") return client.transaction != nullptr && client.transaction->deny_oom;
  return spec.name != "discard" && spec.name != "multi" && spec.name != "quit" && spec.name != "reset";
}

bool Admission::RefusedByGuard(const Client& client, const CommandSpec& spec, std::string* error) const {
  const bool debug = spec.name.substr(0, 5) == "debug";
  const int64_t guard = debug ? debug_command_ : module_command_;
  const bool local = client.transport == nullptr || client.Has(client::kUnixSocket) ||
                     client.transport->PeerIp() == "127.0.0.1" || client.transport->PeerIp() == "::1";
  if (guard == 1 || (guard == 2 && local)) return false;
  const std::string name = debug ? "DEBUG" : "MODULE";
  const std::string directive = debug ? "enable-debug-command" : "enable-module-command";
  *error = "ERR " + name + " command not allowed. If the " + directive +
           " option is set to \"local\", you can run it from a local connection, otherwise you need to set this "
           "option in the configuration file, and then restart the server.";
  return true;
}

bool Admission::RefusedByRules(const Client& client, const CommandSpec& spec, std::span<const std::string_view> args,
                               std::string* error) const {
  const auto context = client.Has(client::kMulti) ? acl::DenialContext::kMulti : acl::DenialContext::kTopLevel;
  const acl::Verdict verdict = commands::MayRun(*node_, client, spec, args, context);
  if (verdict.denial == acl::Denial::kNone) return false;
  *error = "NOPERM " + commands::DenialText(*client.user, spec, verdict.denial, "", false);
  return true;
}

// PING too: who asks whether a server is well is told.
bool Admission::RefusedByHealth(const Client& client, const CommandSpec& spec, uint64_t flags,
                                std::string* error) const {
  if (!RefusesWrites(error)) [[likely]] return false;
  return (flags & commands::kWrite) != 0 || (spec.name == "ping" && !client.Has(client::kScript));
}

bool Admission::LacksReplicas() const {
  const commands::Status& status = node_->status;
  return min_replicas_to_write_ > 0 && !status.is_replica && status.good_replicas < min_replicas_to_write_;
}

bool Admission::RefusesWrites(std::string* error) const {
  const commands::Status& status = node_->status;
  if (status.is_replica) return false;
  if (status.last_save_failed && stop_writes_on_bgsave_error_ != 0 && !node_->config->SavePoints().empty()) {
    *error =
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands "
        "that may modify the data set are disabled, because this instance is configured to report errors during "
        "writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for "
        "details about the RDB error.";
    return true;
  }
  if (status.aof_write_failed) {
    *error = "MISCONF Errors writing to the AOF file: " + status.aof_error;
    return true;
  }
  return false;
}

bool Admission::RefusedByRole(const Client& client, const CommandSpec& spec, uint64_t flags, std::string* error) const {
  const commands::Status& status = node_->status;
  const bool write = (flags & commands::kWrite) != 0;
  if (write && LacksReplicas()) {
    *error = "NOREPLICAS Not enough good replicas to write.";
    return true;
  }
  if (write && status.is_replica && replica_read_only_ != 0) {
    *error = "READONLY You can't write against a read only replica.";
    return true;
  }
  if (client.Has(client::kPubSub) && client.reply.protocol() == 2) {
    const std::string_view name = spec.name;
    const bool allowed = name == "ping" || name == "subscribe" || name == "ssubscribe" || name == "psubscribe" ||
                         name == "unsubscribe" || name == "sunsubscribe" || name == "punsubscribe" ||
                         name == "quit" || name == "reset";
    if (!allowed) {
      *error = "ERR Can't execute '" + std::string(spec.name) +
               "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
      return true;
    }
  }
  if (status.is_replica && !status.master_link_up && replica_serve_stale_data_ == 0 &&
      (flags & commands::kStale) == 0) {
    *error = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
    return true;
  }
  if (status.busy != commands::Busy::kNo && (spec.flags & commands::kAllowBusy) == 0 && !client.Has(client::kScript)) {
    *error = commands::BusyError(status.busy);
    return true;
  }
  if (status.loading && (spec.flags & commands::kLoading) == 0) {
    *error = "LOADING Redis is loading the dataset in memory";
    return true;
  }
  if (status.serving_refused && (spec.flags & commands::kLoading) == 0) {
    // An empty or outdated restart, until an election or proof: it looks like
    // loading to clients, which wait and ask again.
    *error = "LOADING Redis is loading the dataset in memory";
    return true;
  }
  return false;
}

Verdict Admission::JudgeSlot(const Client& client, const CommandSpec& spec,
                             std::span<const std::string_view> args, slot::SlotId* slot, std::string* error) {
  commands::ClusterPort& cluster = *node_->cluster;
  const commands::KeySpec& keys = spec.keys;
  // One key at a fixed place: nearly everything.
  if (keys.find == nullptr && keys.first > 0 && keys.first == keys.last) {
    *slot = slot::KeySlot(args[static_cast<size_t>(keys.first)]);
    if (cluster.Serves(*slot)) return Verdict::kServe;
    key_views_.assign(1, args[static_cast<size_t>(keys.first)]);
  } else {
    keys_.clear();
    if (!FindKeysOf(spec, args, &keys_)) return Verdict::kServe;  // the handler words the error
    if (keys_.empty()) return Verdict::kServe;
    key_views_.clear();
    for (const commands::KeyPosition& key : keys_) key_views_.push_back(args[static_cast<size_t>(key.index)]);
    *slot = slot::KeySlot(key_views_[0]);
    for (size_t i = 1; i < key_views_.size(); ++i) {
      if (slot::KeySlot(key_views_[i]) == *slot) continue;
      *error = cluster.CrossSlotError(*slot);
      return Verdict::kRefuse;
    }
    if (cluster.Serves(*slot)) return Verdict::kServe;
  }
  return AskSlot(client, spec, FlagsOf(spec, args), *slot, error);
}

// A slot may have moved while commands on it were queued: EXEC is admitted as its
// commands would be.
Verdict Admission::JudgeExec(const Client& client, const CommandSpec& spec, std::string* error) {
  const client::Transaction& transaction = *client.transaction;
  if (transaction.first_slot < 0 || client.Has(client::kDirtyExec)) return Verdict::kServe;
  const slot::SlotId slot = static_cast<slot::SlotId>(transaction.first_slot);
  if (node_->cluster->Serves(slot)) return Verdict::kServe;
  key_views_.clear();
  std::vector<std::string_view> args;
  for (const client::QueuedCommand& command : transaction.commands) {
    const CommandSpec* queued = node_->commands->Find(command.args[0]);
    args.assign(command.args.begin(), command.args.end());
    keys_.clear();
    if (queued == nullptr || !FindKeysOf(*queued, args, &keys_)) continue;
    for (const commands::KeyPosition& key : keys_) key_views_.push_back(args[static_cast<size_t>(key.index)]);
  }
  if (key_views_.empty()) return Verdict::kServe;
  return AskSlot(client, spec, transaction.writes ? uint64_t{commands::kWrite} : uint64_t{commands::kReadonly}, slot, error);
}

Verdict Admission::AskSlot(const Client& client, const CommandSpec& spec, uint64_t flags, slot::SlotId slot,
                           std::string* error) {
  commands::ClusterPort& cluster = *node_->cluster;
  if (cluster.Holds(slot, (flags & (commands::kWrite | commands::kMayReplicate)) != 0)) return Verdict::kHold;
  commands::SlotQuestion question;
  question.slot = slot;
  question.keys = key_views_;
  question.command_flags = flags;
  question.client_flags = client.flags;
  question.is_migrate = spec.name == "migrate";
  question.db = &node_->keyspace->db(0);
  question.now_ms = node_->clock->UnixMs();
  return cluster.Admit(question, error) ? Verdict::kServe : Verdict::kRefuse;
}

Verdict Admission::Judge(const Client& client, const CommandSpec& spec,
                         std::span<const std::string_view> args, slot::SlotId* slot, std::string* error) {
  *slot = 0;
  if ((spec.flags & commands::kProtectedCmd) != 0 && RefusedByGuard(client, spec, error)) return Verdict::kRefuse;
  if (!client.authenticated && (spec.flags & commands::kNoAuth) == 0 && commands::AuthenticationRequired(*node_)) {
    *error = "NOAUTH Authentication required.";
    return Verdict::kRefuse;
  }
  if (client.Has(client::kMulti) && (spec.flags & commands::kNoMulti) != 0) {
    *error = "ERR Command not allowed inside a transaction";
    return Verdict::kRefuse;
  }
  if (client.Has(client::kRestricted) && RefusedByRules(client, spec, args, error)) return Verdict::kRefuse;
  if (node_->cluster != nullptr) {
    const bool exec = spec.keys.first == 0 && spec.name == "exec" && client.Has(client::kMulti);
    const Verdict verdict = exec ? JudgeExec(client, spec, error) : JudgeSlot(client, spec, args, slot, error);
    if (verdict != Verdict::kServe) return verdict;
  }
  const uint64_t flags = FlagsOf(spec, args);
  if (RefusedByMemory(client, spec, flags)) {
    *error = "OOM command not allowed when used memory > 'maxmemory'.";
    return Verdict::kRefuse;
  }
  if (RefusedByHealth(client, spec, flags, error) || RefusedByRole(client, spec, flags, error)) return Verdict::kRefuse;
  return Verdict::kServe;
}

}  // namespace windlass::server
