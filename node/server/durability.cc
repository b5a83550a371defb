// See durability.h. Start-up and shutdown lines are in the words tools look for.
#include "node/server/durability.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "node/base/atomic_file.h"
#include "node/base/scheduling.h"
#include "node/config/config.h"
#include "node/observe/stats.h"
#include "node/persistence/rdb_file.h"
#include "node/server/durability_host.h"

namespace windlass::server {
namespace {

constexpr int64_t kSnapshotStepUs = 300;
constexpr int64_t kServeWhileLoadingEveryMs = 50;
constexpr int64_t kLongestPauseMs = int64_t{365} * 24 * 3600 * 1000;  // FAILOVER ends it long before
constexpr char kCleanMark[] = "./windlass-clean-shutdown";
constexpr std::string_view kCleanEmpty = "empty";
constexpr std::string_view kCleanSaved = "saved";
constexpr char kRunNote[] = "./windlass-run";
constexpr char kBootId[] = "/proc/sys/kernel/random/boot_id";

// What a run promises about its AOF: "always", and "boot ID" for the weaker ones.
std::string RunNote(persistence::FsyncPolicy fsync) {
  if (fsync == persistence::FsyncPolicy::kAlways) return "aof always\n";
  static const std::string boot = [] {
    const auto text = base::ReadFileIfExists(kBootId);
    return text.ok() && text->has_value() ? **text : std::string();
  }();
  return boot.empty() ? boot : "aof boot " + boot;
}

// Whether what a run with this note had written to the AOF is still there.
bool WritesKept(const std::string& note) {
  return !note.empty() && (note == RunNote(persistence::FsyncPolicy::kAlways) ||
                           note == RunNote(persistence::FsyncPolicy::kEverySecond));
}

}  // namespace

Durability::Durability(commands::Node* node)
    : node_(node),
      engine_(node->keyspace),
      history_(node->random),
      saves_(SaveParts()),
      aof_({node->log, node->clock, &log_worker_, Poster(), &saves_, &aof_settings_, LoopWaker(),
            [stats = node->stats] { return static_cast<int64_t>(stats->commands_processed); }}),
      primary_({node->loop, node->log, &history_, &saves_, node->random, &file_worker_, &primary_settings_}),
      propagation_(&aof_, &history_, &primary_),
      host_(std::make_unique<Host>(this)),
      replica_(ReplicaParts()),
      failover_(FailoverParts()),
      ack_gate_({node->loop, node->log, &history_, &primary_, &ack_settings_}) {
  ReadSettings();
  log_worker_.Run(base::AskForShortSlices);  // replies wait for it
  history_.SetSpillFile(std::make_unique<persistence::SpillFile>(&file_worker_, primary_settings_.folder));
  node->saves = &saves_;
  node->aof = &aof_;
  node->repl_log = &history_;
  node->primary_side = &primary_;
  node->replica_side = &replica_;
  node->failover = &failover_;
  primary_.SetLogWriter([this](std::string_view bytes) { propagation_.AppendToHistory(bytes); });
  primary_.SetOnSync([this] { propagation_.ForkIfPending(); });
  primary_.SetOnCopyBegins([this] { propagation_.ForgetHistoryDb(); });
  AddInfo();
}

Durability::~Durability() = default;

std::function<void(int64_t)> Durability::LoopWaker() {
  return [loop = node_->loop](int64_t us) { loop->AfterUs(us, [] {}); };
}

persistence::PostToLoop Durability::Poster() {
  return [loop = node_->loop](std::function<void()> fn) { loop->Post(std::move(fn)); };
}

persistence::SaveService::Parts Durability::SaveParts() {
  return {&engine_, node_->log, node_->clock, &file_worker_, Poster(), &save_settings_,
          [this] { return ReplicationPoint(); }, &functions_};
}

replication::ReplicaSide::Parts Durability::ReplicaParts() {
  return {node_->loop, node_->log, &history_, &primary_, host_.get(), &file_worker_, Poster(), &replica_settings_};
}

replication::Failover::Parts Durability::FailoverParts() {
  return {node_->loop, node_->log, &history_, &primary_, &replica_,
          [this] { node_->sessions->PauseForFailover(node_->clock->UnixMs() + kLongestPauseMs); },
          [this] { node_->sessions->UnpauseForFailover(); },
          [this](const std::string& master) { (void)node_->config->Store("replicaof", master); }};
}

std::optional<persistence::RdbReplicationPoint> Durability::ReplicationPoint() const {
  if (!history_.has_backlog()) return std::nullopt;
  persistence::RdbReplicationPoint point{history_.id(), history_.offset(), 0};
  if (replica_.following()) {
    // In the middle of a copy the data is of no history.
    if (!replica_.ever_synchronized() && !load_facts_.replication.has_value()) return std::nullopt;
    point.stream_db = replica_.stream_db();
  } else {
    point.stream_db = propagation_.history_db();
  }
  return point;
}

// --- start.

void Durability::SetLoading(bool loading, int64_t total_bytes) {
  commands::Status& status = node_->status;
  status.loading = loading;
  status.loading_total_bytes = loading ? total_bytes : 0;
  status.loading_done_bytes = 0;
  status.loading_start_ms = node_->clock->UnixMs();
  propagation_.set_loading(loading);
  if (loading) {
    node_->keyspace->set_expiry_mode(keyspace::ExpiryMode::kIgnore);
  } else {
    RefreshStatus();
  }
}

// Clients are answered (mostly -LOADING) while the data set loads at start.
void Durability::Progress(int64_t bytes) {
  node_->status.loading_done_bytes = bytes;
  if (in_command_) return;  // commands do not nest
  const int64_t now = node_->clock->UnixMs();
  if (now - last_progress_ms_ < kServeWhileLoadingEveryMs) return;
  last_progress_ms_ = now;
  node_->loop->RunOnce(0);
}

bool Durability::IsLikelyReplica() const {
  return !node_->config->List("replicaof").empty() || !node_->config->Text("replicaof").empty() || replica_.following();
}

void Durability::TakeCleanMark() {
  const auto mark = base::ReadFileIfExists(kCleanMark);
  if (!mark.ok() || !mark->has_value()) return;
  // The mark alone proves nothing if the data it speaks of has been taken away.
  const bool empty = std::string_view(**mark).substr(0, kCleanEmpty.size()) == kCleanEmpty;
  const bool data_there = node_->config->Bool("appendonly") || persistence::FileBytes(saves_.FilePath()) >= 0;
  load_facts_.clean_shutdown = (empty || data_there) && ::unlink(kCleanMark) == 0 && base::SyncParentFolder(kCleanMark).ok();
}

void Durability::RecordHowWritesAreKept() {
  if (!aof_.enabled() || aof_.write_failed()) {
    aof_is_whole_ = aof_is_whole_ && aof_.enabled();
  } else if (!aof_is_whole_) {
    aof_is_whole_ = !aof_.rewriting() && aof_.report().last_rewrite_ok;
  }
  const bool kept = aof_is_whole_ && !aof_.write_failed();
  const bool skips = aof_settings_.no_fsync_on_rewrite;
  std::string note = kept ? RunNote(skips ? persistence::FsyncPolicy::kEverySecond : aof_settings_.fsync) : std::string();
  if (note == run_note_) return;
  if (note.empty()) {
    ::unlink(kRunNote);
    if (auto gone = base::SyncParentFolder(kRunNote); !gone.ok()) return node_->log->Warning(gone.error());  // again soon
  } else if (auto written = base::WriteFileAtomically(kRunNote, note); !written.ok()) {
    node_->log->Warning(written.error());
    ::unlink(kRunNote);
    note.clear();
  }
  run_note_ = std::move(note);
}

void Durability::LeaveCleanMark() {
  const std::string state(host_->DataIsEmpty() ? kCleanEmpty : kCleanSaved);
  if (auto written = base::WriteFileAtomically(kCleanMark, state + " " + node_->run_id + "\n"); !written.ok()) {
    node_->log->Warning(written.error());
  }
}

bool Durability::LoadAtStart() {
  TakeCleanMark();
  if (const auto note = base::ReadFileIfExists(kRunNote); note.ok() && note->has_value()) run_note_ = **note;
  bool found = false;
  if (node_->config->Bool("appendonly")) {
    if (!LoadAof(&found)) return false;
    // Switched on in the file for the first time: what the RDB holds is not dropped.
    if (!found && !LoadRdb()) return false;
    SetLoading(false, 0);
    if (auto opened = aof_.OpenAtStart(); !opened.ok()) {
      node_->log->Warning(opened.error());
      return false;
    }
    aof_is_whole_ = true;
  } else if (!LoadRdb()) {
    return false;
  }
  SetLoading(false, 0);
  saves_.MarkClean();
  RecordHowWritesAreKept();
  return true;
}

void Durability::ForgetFunctions() {
  functions_.clear();
  if (on_function_) on_function_(nullptr);
}

persistence::KeyspaceLoader::Options Durability::LoaderOptions() const {
  persistence::KeyspaceLoader::Options options;
  options.now_ms = node_->clock->UnixMs();
  options.on_function = [this](const std::string& code) {
    if (on_function_) on_function_(&code);
  };
  return options;
}

bool Durability::LoadAof(bool* found) {
  SetLoading(true, aof_.BytesToLoad());
  persistence::KeyspaceLoader loader(node_->keyspace, node_->log, &functions_, LoaderOptions());
  LoaderSink sink(node_);
  auto loaded = aof_.Load(&loader, &sink, [this](int64_t bytes) { Progress(bytes); });
  if (!loaded.ok()) return false;
  *found = *loaded == persistence::Aof::Found::kLoaded;
  load_facts_.data_found = *found;
  load_facts_.every_write_kept = WritesKept(run_note_);
  load_facts_.keys = loader.summary().keys;
  return true;
}

bool Durability::LoadRdb() {
  const std::string path = saves_.FilePath();
  const int64_t size = persistence::FileBytes(path);
  if (size < 0) return true;
  SetLoading(true, size);
  const int64_t start_ms = node_->clock->UnixMs();
  persistence::KeyspaceLoader::Options options = LoaderOptions();
  options.drop_expired = !IsLikelyReplica();
  persistence::KeyspaceLoader loader(node_->keyspace, node_->log, &functions_, options);
  auto loaded = persistence::LoadRdbFile(path, &loader, save_settings_.checksum, [this](int64_t bytes) { Progress(bytes); });
  if (!loaded.ok()) {
    node_->log->Warning(loaded.error());
    node_->log->Warning("Fatal error loading the DB: Invalid argument. Exiting.");
    return false;
  }
  node_->log->Logf(base::LogLevel::kNotice, "Done loading RDB, keys loaded: %llu, keys expired: %llu.",
                   static_cast<unsigned long long>(loaded->keys), static_cast<unsigned long long>(loaded->expired));
  node_->log->Logf(base::LogLevel::kNotice, "DB loaded from disk: %.3f seconds",
                   static_cast<double>(node_->clock->UnixMs() - start_ms) / 1000);
  load_facts_.data_found = true;
  load_facts_.keys = loaded->keys;
  load_facts_.replication = loaded->replication;
  if (loaded->replication.has_value() && !loaded->replication->id.empty()) TakeReplicationPoint(*loaded->replication);
  return true;
}

// The data stands at a point of a known history: replicas of it, or its master, may
// go on from there.
void Durability::TakeReplicationPoint(const persistence::RdbReplicationPoint& point) {
  history_.set_backlog_size(primary_settings_.backlog_bytes);
  history_.AdoptHistory(point.id, point.offset);
  history_.CreateBacklog();
  replica_.RestoreStreamDb(point.stream_db);
  propagation_.set_fork_pending(true);
}

void Durability::Start() {
  WatchSettings();
  node_->loop->AtTurnEnd([this] { OnTurnEnd(); });
  node_->loop->AfterFlush([this] { StepSnapshots(); });
  node_->loop->Every(100, [this] { EveryTenthSecond(); });
  node_->loop->Every(1000, [this] { EverySecond(); });
  // The post that calls it makes a turn, whose end releases replies.
  aof_.SetOnSynced([this] { primary_.WakeWaiters(); });
  const std::string& master = node_->config->Text("replicaof");
  const size_t blank = master.find(' ');
  if (blank != std::string::npos) Follow(master.substr(0, blank), std::atoi(master.c_str() + blank + 1));
  RefreshStatus();
}

// --- DEBUG RELOAD and LOADAOF.

base::Result<void> Durability::Reload(bool save, bool flush) {
  if (save) {
    if (auto saved = saves_.SaveNow(); !saved.ok()) return saved;
  }
  if (flush) node_->keyspace->FlushAll(/*later=*/false);
  if (flush) ForgetFunctions();
  in_command_ = true;
  const bool loaded = LoadRdb();
  in_command_ = false;
  SetLoading(false, 0);
  if (!loaded) return base::Error{"the file cannot be read"};
  saves_.MarkClean();
  return {};
}

base::Result<void> Durability::ReloadAof() {
  if (aof_.enabled()) aof_.FlushAndSync();
  node_->keyspace->FlushAll(/*later=*/false);
  ForgetFunctions();
  bool found = false;
  in_command_ = true;
  const bool loaded = LoadAof(&found);
  in_command_ = false;
  SetLoading(false, 0);
  if (!loaded) return base::Error{"the append-only file cannot be read"};
  saves_.MarkClean();
  return {};
}

// --- following.

void Durability::Follow(const std::string& host, int port) { replica_.Follow(host, port); }

void Durability::StopFollowing() { replica_.StopFollowing(); }

void Durability::RefreshStatus() {
  commands::Status& status = node_->status;
  // A new master's stream begins by naming its database.
  if (status.is_replica && !replica_.following()) propagation_.ForgetHistoryDb();
  status.is_replica = replica_.following();
  status.master_link_up = !status.is_replica || replica_.link_up();
  status.replicas = primary_.Count();
  status.good_replicas = primary_.GoodReplicas();
  status.last_save_failed = saves_.writes_refused();
  status.aof_write_failed = aof_.write_failed();
  status.aof_error = aof_.write_error();
  propagation_.set_following(status.is_replica);
  if (status.is_replica) propagation_.set_fork_pending(false);
  node_->log->SetRole(status.is_replica ? 'S' : 'M');
  if (!status.loading) {
    node_->keyspace->set_expiry_mode(status.is_replica ? keyspace::ExpiryMode::kHide : keyspace::ExpiryMode::kDelete);
  }
}

// --- driven by the loop.

void Durability::StepSnapshots() {
  const bool saved = saves_.active() && saves_.Step(kSnapshotStepUs);
  const bool rewrote = aof_.rewriting() && aof_.Step(kSnapshotStepUs);
  if (saves_.active() || aof_.rewriting()) {
    // While clients are served the process sleeps between steps: it keeps its place
    // with the scheduler, and their round trips stay short on a crowded machine.
    const uint64_t served = node_->stats->commands_processed;
    const bool idle = served == std::exchange(served_before_step_, served);
    node_->loop->After(idle && (saved || rewrote) ? 0 : 1, [] {});
  }
}

void Durability::OnTurnEnd() {
  FollowFsyncs();
  // No write more than needed is taken after a failure.
  const commands::Status& status = node_->status;
  if (status.aof_write_failed != aof_.write_failed() || status.last_save_failed != saves_.writes_refused()) RefreshStatus();
  const replication::PrimaryStats& stats = primary_.stats();
  node_->stats->sync_full = stats.sync_full;
  node_->stats->sync_partial_ok = stats.sync_partial_ok;
  node_->stats->sync_partial_err = stats.sync_partial_err;
}

// Both logs grow by the same commands within a turn, so at its end their
// positions speak of the same data.
void Durability::FollowFsyncs() {
  if (!aof_.complete()) return;
  if (fsync_mark_.has_value() && aof_.synced() >= fsync_mark_->aof_position) {
    fsynced_offset_ = fsync_mark_->history_offset;
    fsync_mark_.reset();
  }
  if (aof_.synced() == aof_.appended()) {
    fsynced_offset_ = history_.offset();
  } else if (!fsync_mark_.has_value()) {
    fsync_mark_ = FsyncMark{aof_.appended(), history_.offset()};
  }
}

int64_t Durability::FsyncedOffset() const { return aof_.enabled() ? fsynced_offset_ : -1; }

void Durability::EveryTenthSecond() {
  saves_.Cron(/*busy=*/aof_.rewriting());
  if (engine_.cleaning() && engine_.CleanStep(kSnapshotStepUs)) node_->loop->After(0, [] {});
  primary_.RetryCopies();
  RefreshStatus();
  RecordHowWritesAreKept();
  ack_gate_.Cron();
}

void Durability::EverySecond() {
  ReadSettings();  // also those that changed without a hook of ours
  primary_.EverySecond();
  replica_.EverySecond();
  aof_.EverySecond(saves_.in_progress());
}

// --- shutdown.

base::Result<void> Durability::SaveForShutdown(const commands::ShutdownFlags& flags) {
  saves_.Settle("the server shuts down");
  if (aof_.enabled()) {
    node_->log->Notice("Calling fsync() on the AOF file.");
    aof_.FlushAndSync();
  }
  const bool save = flags.save || (!save_settings_.points.empty() && !flags.nosave);
  const bool on_disk = aof_.enabled() && !aof_.write_failed() && !aof_.rewriting();
  if (!save) {
    if (on_disk || host_->DataIsEmpty()) LeaveCleanMark();
    return {};
  }
  node_->log->Notice("Saving the final RDB snapshot before exiting.");
  auto saved = saves_.SaveNow();
  if (saved.ok()) {
    LeaveCleanMark();
    return {};
  }
  node_->log->Warning("Error trying to save the DB, can't exit.");
  return base::Error{"Errors trying to SHUTDOWN. Check logs."};
}

bool Durability::IsCaughtUp(uint64_t replica_client_id) const {
  for (const replication::ReplicaReport& report : primary_.Report()) {
    if (report.client_id == replica_client_id) return report.acked_offset >= history_.offset();
  }
  return false;
}

void Durability::Forget(const client::Client& client) {
  primary_.CancelWait(client.id);
  primary_.Forget(client.id);
}

}  // namespace windlass::server
