// The dispatcher. See dispatcher.h.
#include "node/server/dispatcher.h"

#include <algorithm>
#include <array>

#include "node/base/letter_case.h"
#include "node/commands/key_waits.h"
#include "node/commands/slot_migration_port.h"
#include "node/commands/transactions.h"
#include "node/client/tracking_state.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"
#include "node/migration/moving_keys.h"
#include "node/net/event_loop.h"
#include "node/observe/command_stats.h"
#include "node/observe/cycle_clock.h"
#include "node/observe/latency_monitor.h"
#include "node/observe/slot_stats.h"
#include "node/observe/slow_log.h"
#include "node/observe/stats.h"
#include "node/resp/command.h"
#include "node/server/request_batch.h"

namespace windlass::server {

using client::Client;
using commands::CommandSpec;

namespace {

constexpr uint64_t kRunning = client::kExecuting | client::kPushIsReply;
constexpr uint64_t kTrusted = client::kMasterLink | client::kAofLoader;
constexpr size_t kMaxShownArgs = 128;  // bytes of arguments in an unknown command's error

// EVAL and the like may come without.
bool HasKeys(const CommandSpec& spec, std::span<const std::string_view> args) {
  if (spec.keys.find == nullptr) return spec.keys.first > 0;
  commands::KeyPositions keys;
  return commands::FindKeysOf(spec, args, &keys) && !keys.empty();
}
// Not the server's own commands, which are flagged too.
bool IsImport(const Client& client) { return client.Has(client::kImporting) && !client.Has(client::kInternal); }

bool IsTransactionControl(const CommandSpec& spec) {
  return spec.name == "exec" || spec.name == "discard" || spec.name == "multi" || spec.name == "watch" ||
         spec.name == "quit" || spec.name == "reset";
}

}  // namespace

Dispatcher::Dispatcher(commands::Node* node, const commands::CommandTable* table, WriteLog* log, MemoryLimit* memory)
    : node_(node),
      table_(table),
      log_(log),
      exec_(table->Find("exec")),
      admission_(node, memory),
      tick_scale_(observe::TickScale::Measure()),
      lazy_expire_(node->config->Int("lazyfree-lazy-expire")),
      lazy_eviction_(node->config->Int("lazyfree-lazy-eviction")),
      slow_threshold_us_(node->config->Int("slowlog-log-slower-than")),
      slow_max_entries_(node->config->Int("slowlog-max-len")),
      latency_tracking_(node->config->Int("latency-tracking")),
      latency_threshold_ms_(node->config->Int("latency-monitor-threshold")) {
  node->command_stats->Resize(table->id_count());
}

void Dispatcher::Refuse(Client& client, const CommandSpec* spec, std::string_view error) {
  if (client.Has(client::kMulti)) client.Set(client::kDirtyExec);
  if (spec != nullptr) ++node_->command_stats->at(spec->id).rejected;
  const size_t begin = client.reply.out()->size();
  if (spec != nullptr && spec == exec_) {
    // A transaction that cannot even be tried is over.
    commands::ForgetTransaction(*node_, client);
    const size_t code = error.substr(0, 4) == "ERR " ? 4 : 0;
    client.reply.Error("EXECABORT Transaction discarded because of: " + std::string(error.substr(code)));
  } else {
    client.reply.Error(error);
  }
  CountError(client, begin);
  if (client.Has(client::kReplyOff | client::kReplySkip)) client.reply.out()->resize(begin);
  client.Clear(client::kReplySkip);
}

void Dispatcher::CountError(Client& client, size_t reply_begin) {
  ++node_->stats->error_replies;
  const std::string& out = *client.reply.out();
  const size_t end = out.find_first_of(" \r", reply_begin + 1);
  node_->command_stats->AddError(std::string_view(out).substr(reply_begin + 1, end - reply_begin - 1));
}

void Dispatcher::RefuseUnknown(Client& client, std::span<const std::string_view> args) {
  if (client.transport != nullptr && (base::EqualsNoCase(args[0], "post") || base::EqualsNoCase(args[0], "host:"))) {
    // A web page makes a browser send HTTP here, and its body would be commands.
    node_->log->Warning("Possible SECURITY ATTACK: HTTP from " + client.transport->PeerAddress() + ". Connection aborted.");
    return client.transport->CloseAfterReplies();
  }
  std::string error = "ERR unknown command '" + std::string(args[0].substr(0, 128)) + "', with args beginning with: ";
  size_t shown = 0;
  for (size_t i = 1; i < args.size() && shown < kMaxShownArgs; ++i) {
    const std::string_view part = args[i].substr(0, kMaxShownArgs - shown);
    error.append("'").append(part).append("' ");
    shown += part.size() + 3;
  }
  Refuse(client, nullptr, error);
}

// One key a request: those with many fetch theirs themselves. Each step finds in the
// cache what the one before it asked for.
void Dispatcher::Prefetch(const Client& client, RequestBatch* batch) {
  const keyspace::Database& db = node_->keyspace->db(client.db);
  std::array<keyspace::Database::Prefetched, RequestBatch::kMost> keys;
  size_t count = 0;
  std::string_view last;  // many pipelines are about one key
  for (RequestBatch::Request& request : std::span(batch->requests).first(batch->count)) {
    if (request.args.empty()) continue;
    request.spec = table_->Find(request.args[0]);
    if (request.spec == nullptr) continue;
    const size_t at = static_cast<size_t>(request.spec->keys.first);
    if (at == 0 || at >= request.args.size() || request.spec->keys.last != request.spec->keys.first) continue;
    const std::string_view key = request.args[at];
    if (key == last) continue;
    last = key;
    keys[count++] = db.PrefetchBucket(db.slotted() ? slot::KeySlot(key) : slot::SlotId{0}, key);
  }
  for (const auto& key : std::span(keys).first(count)) db.PrefetchEntry(key);
  bool containers = false;
  for (const auto& key : std::span(keys).first(count)) containers = db.PrefetchValue(key) || containers;
  if (!containers) return;
  for (const auto& key : std::span(keys).first(count)) db.PrefetchContent(key);
}

const CommandSpec* Dispatcher::Resolve(Client& client, std::span<const std::string_view> args,
                                       const CommandSpec* found) {
  const CommandSpec* spec = found != nullptr ? found : table_->Find(args[0]);
  if (spec == nullptr && client.Has(kTrusted | client::kImporting)) spec = table_->FindOriginal(args[0]);
  if (spec == nullptr) {
    RefuseUnknown(client, args);
    return nullptr;
  }
  if (!spec->subcommands.empty() && args.size() >= 2) {
    const CommandSpec* sub = commands::CommandTable::FindSubcommand(*spec, args[1]);
    if (sub != nullptr) {
      spec = sub;
    } else if (spec->handler == nullptr || spec->name != "debug") {
      std::string upper(spec->name);
      for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      Refuse(client, spec, "ERR unknown subcommand '" + std::string(args[1].substr(0, 128)) + "'. Try " + upper + " HELP.");
      return nullptr;
    }
  }
  const int count = static_cast<int>(args.size());
  const bool fits = spec->arity > 0 ? count == spec->arity : count >= -spec->arity;
  if (!fits || spec->handler == nullptr) {
    Refuse(client, spec, "ERR wrong number of arguments for '" + std::string(spec->name) + "' command");
    return nullptr;
  }
  return spec;
}

// Another master's stream, after it was let in: it is not asked where slots are,
// but it waits for a pause as every writer.
Outcome Dispatcher::RunImported(Client& client, std::span<const std::string_view> args) {
  // Demoted in this turn, at whose end the import is given up: often by what ended the
  // pause. What is stored now would be in no replication log, and stay here for good.
  if (node_->status.is_replica) return Outcome::kDone;
  const uint64_t errors_before = node_->stats->error_replies;
  const CommandSpec* spec = Resolve(client, args);
  if (spec != nullptr) {
    if (IsHeld(client, *spec, args)) return Outcome::kHeld;
    Execute(client, args);
  }
  // What the source has done and cannot be done here would be lost.
  if (node_->stats->error_replies != errors_before) node_->slot_migrations->OnStreamRefused(client, args[0]);
  return Outcome::kDone;
}

Outcome Dispatcher::Run(Client& client, std::span<const std::string_view> args, const CommandSpec* found) {
  if (client.Has(client::kImporting)) [[unlikely]] return RunImported(client, args);
  if (client.Has(client::kReplySkipNext)) {
    client.Clear(client::kReplySkipNext);
    client.Set(client::kReplySkip);
  }
  const CommandSpec* spec = Resolve(client, args, found);
  if (spec == nullptr) return Outcome::kDone;
  client.last_command = spec->name.data();
  slot::SlotId slot = 0;
  if (!client.Has(kTrusted)) {
    const Verdict verdict = admission_.Judge(client, *spec, args, &slot, &error_);
    if (verdict == Verdict::kHold) return Outcome::kHeld;
    if (verdict == Verdict::kRefuse) {
      client.Clear(client::kAsking);
      if (spec == exec_ && client.transaction != nullptr) commands::ForgetTransaction(*node_, client);
      Refuse(client, spec, error_);
      return Outcome::kDone;
    }
    if (client.Has(client::kMulti) && !IsTransactionControl(*spec)) {
      Queue(client, *spec, args, slot);
      return Outcome::kDone;
    }
    if (IsHeld(client, *spec, args) || WritesMovingKey(client, *spec, args)) return Outcome::kHeld;
  }
  Invoke(client, *spec, args, slot);
  if (client.Has(client::kAsking) && spec->name != "asking") client.Clear(client::kAsking);
  return client.Has(client::kBlocked) ? Outcome::kBlocked : Outcome::kDone;
}

bool Dispatcher::IsHeld(const Client& client, const CommandSpec& spec, std::span<const std::string_view> args) const {
  const commands::PauseMode mode = node_->sessions->CurrentPause();
  if (mode == commands::PauseMode::kNone || client.Has(client::kReplica)) return false;
  if (mode == commands::PauseMode::kAll) return true;
  if ((admission_.FlagsOf(spec, args) & (commands::kWrite | commands::kMayReplicate)) != 0) return true;
  if (spec.name == "cluster|setslot") return true;  // replicas are told of it, by the log
  return spec.name == "exec" && client.transaction != nullptr && client.transaction->writes;
}

// A replica leaves deleting to its master; while writes are paused the log must
// stand still, for somebody waits to reach its end.
bool Dispatcher::KeepsExpired() const {
  return node_->status.is_replica || node_->sessions->CurrentPause() != commands::PauseMode::kNone;
}

// A key on its way to another node does not change until it is there.
bool Dispatcher::WritesMovingKey(const Client& client, const CommandSpec& spec,
                                 std::span<const std::string_view> args) const {
  const migration::MovingKeys& moving = *node_->moving_keys;
  if (moving.empty()) [[likely]] return false;
  if (spec.name == "exec") return TransactionWritesMovingKey(client);
  if ((admission_.FlagsOf(spec, args) & (commands::kWrite | commands::kMayReplicate)) == 0) return false;
  commands::KeyPositions keys;
  if (!commands::FindKeysOf(spec, args, &keys)) return false;
  return std::any_of(keys.begin(), keys.end(), [&](const commands::KeyPosition& key) {
    return moving.Contains(client.db, args[static_cast<size_t>(key.index)]);
  });
}

bool Dispatcher::TransactionWritesMovingKey(const Client& client) const {
  if (client.transaction == nullptr || !client.transaction->writes) return false;
  std::vector<std::string_view> args;
  for (const client::QueuedCommand& queued : client.transaction->commands) {
    args.assign(queued.args.begin(), queued.args.end());
    const CommandSpec* spec = table_->Resolve(args);
    // After a SELECT the keys are those of another database: that is not looked into.
    if (spec == nullptr || spec->name == "select" || WritesMovingKey(client, *spec, args)) return true;
  }
  return false;
}

void Dispatcher::Queue(Client& client, const CommandSpec& spec, std::span<const std::string_view> args,
                       slot::SlotId slot) {
  client::Transaction& transaction = *client.transaction;
  if (node_->cluster != nullptr && !client.Has(kTrusted) && HasKeys(spec, args)) {
    if (transaction.first_slot >= 0 && transaction.first_slot != slot) {
      return Refuse(client, &spec, "CROSSSLOT Keys in request don't hash to the same slot");
    }
    transaction.first_slot = slot;
  }
  const uint64_t flags = admission_.FlagsOf(spec, args);
  if ((flags & (commands::kWrite | commands::kMayReplicate)) != 0) transaction.writes = true;
  if ((flags & commands::kDenyOom) != 0) transaction.deny_oom = true;
  transaction.commands.push_back({std::vector<std::string>(args.begin(), args.end())});
  client.reply.Simple("QUEUED");
}

void Dispatcher::Execute(Client& client, std::span<const std::string_view> args) {
  const CommandSpec* spec = Resolve(client, args);
  if (spec == nullptr) return;
  if (client.Has(client::kMulti) && !IsTransactionControl(*spec)) return Queue(client, *spec, args, 0);
  slot::SlotId slot = 0;
  if (node_->keyspace->cluster_mode()) {
    commands::KeyPositions keys;
    if (commands::FindKeysOf(*spec, args, &keys) && !keys.empty()) {
      slot = slot::KeySlot(args[static_cast<size_t>(keys[0].index)]);
    }
  }
  Invoke(client, *spec, args, slot);
}

void Dispatcher::Invoke(Client& client, const CommandSpec& spec, std::span<const std::string_view> args,
                        slot::SlotId slot) {
  if (depth_ == kMaxDepth) return Refuse(client, &spec, "ERR nested too deeply");
  keyspace::Keyspace& keyspace = *node_->keyspace;
  if (depth_ == 0) {
    frozen_now_ms_ = node_->loop->NowMs();
    acting_ = &client;
    keyspace.set_clock_ms(frozen_now_ms_);
    keyspace.set_expiry_mode(client.Has(kTrusted) || IsImport(client) ? keyspace::ExpiryMode::kIgnore
                             : KeepsExpired() ? keyspace::ExpiryMode::kHide
                                              : keyspace::ExpiryMode::kDelete);
  }
  // Also one that changed nothing: what it found may be a write not yet acknowledged.
  if ((spec.flags & commands::kWrite) != 0) acting_->Set(client::kWrote);
  const CommandSpec* const outer = current_;
  current_ = &spec;
  commands::Effects& effects = effects_[depth_++];
  effects.Reset();
  effects.set_read(log_->HasReader());
  const uint64_t outer_state = client.flags & kRunning;
  client.Clear(client::kPushIsReply);
  client.Set((spec.flags & commands::kPushesReply) != 0 ? kRunning : client::kExecuting);
  const bool opens_unit = (spec.flags & commands::kRunsCommands) != 0 && !client.Has(client::kAofLoader);
  if (opens_unit) log_->BeginUnit();
  const uint64_t dirty_before = keyspace.dirty();
  const int db = client.db;
  const size_t reply_begin = client.reply.out()->size();
  const uint64_t begin = observe::ReadTicks();
  commands::Call call{spec, args, client, client.reply, keyspace.db(db), slot, frozen_now_ms_, *node_, effects};
  if (tracking_->active()) tracking_->set_acting(acting_, client.Has(client::kScript));
  spec.handler(call);
  if (tracking_->active()) [[unlikely]] TrackKeys(client, spec, args);
  const int64_t elapsed_ns = tick_scale_.Nanoseconds(observe::ReadTicks() - begin);
  const bool changed = keyspace.dirty() != dirty_before;
  if ((changed || !effects.untouched()) && log_->HasReader() && !client.Has(client::kAofLoader)) {
    Commit(db, args, changed, effects);
  }
  if (opens_unit) log_->EndUnit();
  --depth_;
  current_ = outer;
  if (!monitors_->empty() && (spec.flags & (commands::kAdmin | commands::kSkipMonitor)) == 0 &&
      !client.Has(client::kReprocessing)) [[unlikely]] {
    monitors_->Tell(client, spec, args);
  }
  client.Clear(kRunning);
  client.Set(outer_state);
  Account(client, spec, args, elapsed_ns, reply_begin);
  if (node_->slot_stats != nullptr && node_->slot_stats->enabled()) [[unlikely]] {
    CountSlot(client, spec, args, slot, elapsed_ns, reply_begin);
  }
  if (outer_state == 0 && !client.pushed_meanwhile.empty()) [[unlikely]] {
    client.reply.Raw(client.pushed_meanwhile);
    client.pushed_meanwhile.clear();
  }
  if (depth_ == 0 && changed) node_->key_waits->ServeReady();
}

void Dispatcher::Commit(int db, std::span<const std::string_view> args, bool changed,
                        const commands::Effects& effects) {
  const auto append = [this, db](const std::vector<std::string>& argv) {
    views_.assign(argv.begin(), argv.end());
    AppendToLog(db, views_, false);
  };
  const bool verbatim = effects.verbatim() && (changed || effects.forced());
  const size_t count = effects.before().size() + effects.commands().size() + (verbatim ? 1 : 0);
  if (count == 0) return;
  if (count > 1) log_->BeginUnit();
  for (const auto& argv : effects.before()) append(argv);
  if (verbatim) AppendToLog(db, args, effects.replicas_only());
  for (const auto& argv : effects.commands()) append(argv);
  if (count > 1) log_->EndUnit();
}

// What the outermost client reads, itself or by a script.
void Dispatcher::TrackKeys(Client& client, const CommandSpec& spec, std::span<const std::string_view> args) {
  if (depth_ == 1) tracking_->set_acting(nullptr, false);
  if (acting_->tracking == nullptr) return;
  if ((spec.flags & commands::kReadonly) != 0 && (spec.flags & commands::kRunsCommands) == 0) {
    commands::KeyPositions positions;
    std::vector<std::string_view> keys;
    if (commands::FindKeysOf(spec, args, &positions)) {
      for (const commands::KeyPosition& position : positions) keys.push_back(args[static_cast<size_t>(position.index)]);
    }
    if (!keys.empty()) tracking_->Remember(*acting_, keys);
  }
  // CLIENT CACHING is for the command behind it, or the whole transaction.
  const bool about_clients = spec.name.substr(0, 7) == "client|";
  if (depth_ == 1 && !about_clients && !client.Has(client::kMulti)) client.tracking->caching = false;
}

void Dispatcher::AppendToLog(int db, std::span<const std::string_view> args, bool replicas_only) {
  const bool replicas = (replication_ & scripting::kReplReplicas) != 0;
  if (!replicas_only) return log_->AppendChange(db, args, {(replication_ & scripting::kReplAof) != 0, replicas});
  if (replicas) log_->AppendForReplicas(db, args);
}

void Dispatcher::Account(Client& client, const CommandSpec& spec, std::span<const std::string_view> args,
                         int64_t elapsed_ns, size_t reply_begin) {
  if (client.Has(client::kBlocked) && node_->key_waits->Waits(client)) return;
  ++node_->stats->commands_processed;
  ++client.commands_executed;
  observe::CommandCounters& counters = node_->command_stats->at(spec.id);
  ++counters.calls;
  counters.total_ns += elapsed_ns;
  if (latency_tracking_ != 0) counters.latency.Add(elapsed_ns);
  if (depth_ == 0) node_->stats->command_ns += elapsed_ns;
  std::string& out = *client.reply.out();
  if (out.size() > reply_begin && out[reply_begin] == '-') {
    ++counters.failed;
    if (!error_is_counted_) CountError(client, reply_begin);
  }
  error_is_counted_ = false;
  if (client.Has(client::kReplyOff | client::kReplySkip) && depth_ == 0) {
    const bool stays = (spec.flags & commands::kPushesReply) != 0 || (spec.name == "client|reply" && !client.Has(client::kReplySkip));
    if (!stays) out.resize(reply_begin);
    client.Clear(client::kReplySkip);
  }
  const int64_t elapsed_us = elapsed_ns / 1000;
  if (elapsed_us >= slow_threshold_us_ && slow_threshold_us_ >= 0 && (spec.flags & commands::kSkipSlowlog) == 0 &&
      !client.Has(kTrusted)) {
    const std::string peer = client.transport != nullptr ? client.transport->PeerAddress() : "?:0";
    std::vector<std::string_view> scratch;
    node_->slowlog->Add(WithoutSecrets(spec, args, &scratch), node_->loop->NowMs() / 1000, elapsed_us, peer, client.name,
                        static_cast<size_t>(slow_max_entries_));
  }
  if (latency_threshold_ms_ > 0 && elapsed_us >= latency_threshold_ms_ * 1000) {
    node_->latency->Add((spec.flags & commands::kFast) != 0 ? "fast-command" : "command",
                        node_->loop->NowMs() / 1000, elapsed_us / 1000);
  }
}

// Commands within an EXEC count each for its slot; those within a script are its own.
void Dispatcher::CountSlot(const Client& client, const CommandSpec& spec, std::span<const std::string_view> args,
                           slot::SlotId slot, int64_t elapsed_ns, size_t reply_begin) {
  if (spec.keys.first == 0 && spec.keys.find == nullptr) return;
  if (depth_ > 1 || (depth_ == 1 && current_ != exec_)) return;
  const size_t end = client.reply.out()->size();
  node_->slot_stats->Add(slot, elapsed_ns, resp::EncodedBytes(args), end > reply_begin ? end - reply_begin : 0);
}

void Dispatcher::OnExpired(keyspace::Database& db, slot::SlotId slot, std::string_view key) {
  const std::string_view argv[] = {lazy_expire_ != 0 ? "UNLINK" : "DEL", key};
  log_->Append(db.index(), argv);
  if (node_->key_events != nullptr) {
    node_->key_events->Publish(db.index(), commands::NotifyClass::kExpired, "expired", key);
  }
}

void Dispatcher::OnEvicted(keyspace::Database& db, slot::SlotId slot, std::string_view key) {
  const std::string_view argv[] = {lazy_eviction_ != 0 ? "UNLINK" : "DEL", key};
  log_->Append(db.index(), argv);
  if (node_->key_events != nullptr) {
    node_->key_events->Publish(db.index(), commands::NotifyClass::kEvicted, "evicted", key);
  }
}

}  // namespace windlass::server
