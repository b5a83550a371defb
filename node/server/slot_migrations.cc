// See slot_migrations.h. What nodes say to each other is in slot_sync.cc, the
// records and roles are in slot_records.cc.
#include "node/server/slot_migrations.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "node/config/config.h"
#include "node/migration/moving_keys.h"
#include "node/migration/record_rules.h"
#include "node/net/event_loop.h"
#include "node/replication/replica_side.h"
#include "node/resp/command.h"
#include "node/server/dispatcher.h"

namespace windlass::server {
namespace {

constexpr int64_t kCleanStepUs = 300;
constexpr int64_t kAnnounceEveryMs = 1000;
constexpr int64_t kSaveAgainMs = 500;
constexpr size_t kRememberedJobs = 1000;
constexpr int kMaxSnapshots = 4;  // of exports; saving and synchronising need some too

bool IsFlush(std::string_view word) {
  return base::EqualsNoCase(word, "FLUSHALL") || base::EqualsNoCase(word, "FLUSHDB");
}

}  // namespace

std::string MigrationFilePath(const config::Config& config) {
  const std::string& name = config.Text("cluster-config-file");
  return (name.empty() ? std::string("nodes.conf") : name) + ".migrations";
}

SlotMigrations::SlotMigrations(Parts parts)
    : parts_(parts),
      file_(parts.node->loop, parts.node->log, MigrationFilePath(*parts.node->config)),
      cleaner_(parts.node) {
  parts_.cluster->SetOnLost([this](const slot::SlotSet& slots) { cleaner_.Add(slots); });
  parts_.cluster->SetOnRoutes([this] { OnRoutes(); });
}

SlotMigrations::~SlotMigrations() {
  log().set_tap(nullptr);
  parts_.cluster->SetOnLost(nullptr);
  parts_.cluster->SetOnRoutes(nullptr);
}

// --- the user's commands

bool SlotMigrations::Busy(const slot::SlotSet& slots) const {
  const auto uses = [&slots](const auto& job) { return !job->ended() && job->job().slots.Intersects(slots); };
  return std::any_of(exports_.begin(), exports_.end(), uses) || std::any_of(imports_.begin(), imports_.end(), uses);
}

base::Result<void> SlotMigrations::Migrate(const std::vector<commands::MigrationOrder>& orders) {
  if (!adopted_) return base::Error{"ERR This node cannot be the source of a slot migration now"};
  if (!parts_.durability->primary().AllKnowSlotJobs()) {
    return base::Error{"ERR A replica of this node does not know atomic slot migration"};
  }
  for (const commands::MigrationOrder& order : orders) {
    if (Busy(order.slots)) return base::Error{"ERR I am already migrating some of these slots."};
    for (int s = order.slots.Next(0); s >= 0; s = order.slots.Next(s + 1)) {
      if (core().RouteOf(static_cast<slot::SlotId>(s)).kind == cluster::RouteKind::kOwn) continue;
      return base::Error{"ERR Slot " + std::to_string(s) + " is open: close it by CLUSTER SETSLOT before"};
    }
  }
  for (const commands::MigrationOrder& order : orders) {
    migration::Job job;
    job.name = node().random->Hex(migration::kJobNameDigits);
    job.source = core().MyId();
    job.target = order.target;
    job.source_shard = core().MyShardId();
    job.target_shard = core().ShardOf(order.target);
    job.slots = order.slots;
    node().log->Notice("Slot migration " + job.name + " to " + job.target.str() + " begins: " +
                       migration::RangesText(job.slots));
    const bool authenticate = AppendAuth(nullptr);
    exports_.push_back(std::make_unique<SlotExport>(
        this, std::move(job), migration::ExportMachine(authenticate, {}, node().loop->NowMs())));
    exports_.back()->Start();
  }
  RefreshHolds();
  return {};
}

base::Result<void> SlotMigrations::Cancel() {
  bool any = false;
  for (const auto& job : exports_) any |= !job->ended();
  if (!any) return base::Error{"ERR No migrations ongoing"};
  for (const auto& job : exports_) (void)job->Cancel();
  RefreshHolds();
  return {};
}

std::vector<commands::MigrationReport> SlotMigrations::Report() const {
  std::vector<commands::MigrationReport> reports;
  for (auto it = exports_.rbegin(); it != exports_.rend(); ++it) {
    if (!(*it)->ended()) reports.push_back((*it)->Report());
  }
  for (auto it = imports_.rbegin(); it != imports_.rend(); ++it) {
    if (!(*it)->ended()) reports.push_back((*it)->Report());
  }
  if (!adopted_) {
    for (const auto& [name, record] : records_.all()) {
      if (record.kind != migration::RecordKind::kImport && record.kind != migration::RecordKind::kImportGranted) continue;
      commands::MigrationReport report;
      report.name = name;
      report.importing = true;
      report.slot_ranges = migration::RangesText(record.job.slots);
      report.state = "occurring-on-primary";
      reports.push_back(std::move(report));
    }
  }
  reports.insert(reports.end(), ended_.begin(), ended_.end());
  return reports;
}

const migration::Job* SlotMigrations::JobOf(slot::SlotId slot) const {
  const auto has = [slot](const auto& job) { return !job->ended() && job->job().slots.Contains(slot); };
  if (const auto found = std::find_if(exports_.begin(), exports_.end(), has); found != exports_.end()) return &(*found)->job();
  if (const auto found = std::find_if(imports_.begin(), imports_.end(), has); found != imports_.end()) return &(*found)->job();
  return records_.MovingJob(slot);
}

base::Result<void> SlotMigrations::MaySet(const cluster::SetSlotCommand& command) const {
  const migration::Job* job = JobOf(command.slot);
  const auto why_not = job == nullptr ? std::nullopt : migration::WhyNotSet(core(), *job, command);
  if (why_not) return base::Error{*why_not};
  return {};
}

void SlotMigrations::Remember(commands::MigrationReport report) {
  node().log->Notice("Slot migration " + report.name + " (" + (report.importing ? "import" : "export") + ", slots " +
                     report.slot_ranges + ") finished. State: " + report.state +
                     (report.message.empty() ? std::string() : ", Message: " + report.message));
  ended_.push_front(std::move(report));
  if (ended_.size() > kRememberedJobs) ended_.pop_back();
}

// --- for the jobs

bool SlotMigrations::AppendAuth(std::string* out) const {
  const config::Config& config = *parts_.node->config;
  const std::string& password = config.Text("masterauth");
  const std::string& user = config.Text("masteruser");
  if (password.empty()) return false;
  std::vector<std::string_view> auth{"AUTH"};
  if (!user.empty()) auth.push_back(user);
  auth.push_back(password);
  if (out != nullptr) resp::EncodeCommand(auth, out);
  return true;
}

// As a crash would: nothing is flushed, nobody is told.
void SlotMigrations::OnStep(std::string_view step) const {
  if (!die_before_.empty() && die_before_ == step) (void)raise(SIGKILL);
}

void SlotMigrations::RefreshHolds() {
  slot::SlotSet held;
  slot::SlotSet slowed;
  slot::SlotSet tapped;
  for (const auto& job : exports_) {
    if (job->machine().holding()) held |= job->job().slots;
    if (job->machine().throttling()) slowed |= job->job().slots;
    if (!job->ended()) tapped |= job->job().slots;
  }
  tapped_ = tapped;
  const bool importing = std::any_of(imports_.begin(), imports_.end(), [](const auto& job) { return !job->ended(); });
  log().set_tap(importing || !tapped.empty() ? this : nullptr);
  slowed -= held;
  parts_.cluster->SetHeld(held, slowed);
}

bool SlotMigrations::MaySnapshot() const {
  return std::count_if(exports_.begin(), exports_.end(), [](const auto& job) { return job->snapshotting(); }) < kMaxSnapshots;
}

bool SlotMigrations::OverMemoryLimit() const { return parts_.dispatcher->admission().OverMemoryLimit(); }

bool SlotMigrations::ReplicasHave(int64_t offset) const {
  const replication::PrimarySide& primary = parts_.durability->primary();
  return primary.AckedBy(offset) >= std::max(core().HealthyReplicas(), primary.Count());
}

// While writes are paused for a failover the log stands still; a MIGRATE under way
// ends with a DEL, which must not come after the grant.
bool SlotMigrations::ReplicasNear() const {
  return parts_.node->sessions->CurrentPause() == commands::PauseMode::kNone && parts_.node->moving_keys->empty() &&
         parts_.durability->primary().AllKnowSlotJobs() && ReplicasHave(0);
}

// A replica that was given a copy since has acknowledged more than it has heard.
bool SlotMigrations::ReplicasKnow(int64_t offset) const {
  return parts_.durability->primary().copies_begun() == copies_told_ && ReplicasHave(offset);
}

bool SlotMigrations::LogIsSafe(int64_t position) const {
  const persistence::Aof& aof = *parts_.node->aof;
  return !aof.holds_replies() || aof.synced() >= position;
}

// --- the log's commands

void SlotMigrations::OnLogged(int, std::span<const std::string_view> argv) {
  if (IsFlush(argv[0])) return FailAll("Data was flushed");
  const commands::CommandTable& table = *parts_.node->commands;
  const commands::CommandSpec* spec = table.Find(argv[0]);
  if (spec == nullptr) spec = table.FindOriginal(argv[0]);  // the server's own words
  if (spec == nullptr) return;
  if (!spec->subcommands.empty() && argv.size() > 1) {
    const commands::CommandSpec* sub = commands::CommandTable::FindSubcommand(*spec, argv[1]);
    if (sub != nullptr) spec = sub;
  }
  key_positions_.clear();
  if (!commands::FindKeysOf(*spec, argv, &key_positions_) || key_positions_.empty()) return;
  keys_.clear();
  for (const commands::KeyPosition& key : key_positions_) keys_.push_back(argv[static_cast<size_t>(key.index)]);
  const slot::SlotId slot = slot::KeySlot(keys_[0]);
  if (!tapped_.Contains(slot)) return;
  for (const auto& job : exports_) {
    if (job->job().slots.Contains(slot)) job->Tap(argv, keys_);
  }
}

void SlotMigrations::OnUnitEnd() {
  for (const auto& job : exports_) job->TapUnitEnd();
}

void SlotMigrations::FailAll(std::string_view why) {
  for (const auto& job : exports_) job->Fail(why);
  for (const auto& job : imports_) {
    if (!job->ended()) job->FailSoon(std::string(why));
  }
}

// --- the turn

void SlotMigrations::AtTurnEnd() {
  if (!begun_) return;
  const bool master = core().IsMaster() && !parts_.node->replica_side->following();
  if (!master && was_master_) BecomeReplica();
  if (master && !adopted_ && !core().OnProbation()) BecomeMaster();
  was_master_ = master;
  if (routes_seen_ != core().RoutesVersion()) CheckOwnership();
  // Until the file is as the records are, nobody is promised anything.
  if (file_.stale() && node().loop->NowMs() - saved_again_ms_ >= kSaveAgainMs) {
    saved_again_ms_ = node().loop->NowMs();
    Save(nullptr);
  }
  if (grant_unsaved_ && file_.settled()) {
    grant_unsaved_ = false;
    node().replica_side->SetMute(false);
  }
  if (!adopted_) return;
  const bool paused = parts_.node->sessions->CurrentPause() != commands::PauseMode::kNone;
  if (!paused) AnnounceBehindCopies();
  bool more = false;
  for (const auto& job : exports_) {
    if (!job->ended()) more |= job->AtTurnEnd();
  }
  for (const auto& job : imports_) {
    if (!job->ended()) job->AtTurnEnd();
  }
  CheckGrantAcks();
  if (!paused && !cleaner_.pending().empty()) {
    if (cleaner_.Step(kCleanStepUs)) parts_.node->loop->After(1, [] {});
    ForgetEmptiedSlots();
  }
  if (!paused && node().loop->NowMs() - announced_ms_ >= kAnnounceEveryMs) AnnounceAll();
  Sweep();
}

void SlotMigrations::Sweep() {
  const auto ended = [](const auto& job) { return job->ended(); };
  const size_t before = exports_.size() + imports_.size();
  exports_.erase(std::remove_if(exports_.begin(), exports_.end(), ended), exports_.end());
  imports_.erase(std::remove_if(imports_.begin(), imports_.end(), ended), imports_.end());
  if (exports_.size() + imports_.size() != before) RefreshHolds();
}

void SlotMigrations::OnClientGone(const client::Client& client) {
  if (SlotImport* job = ImportOf(client.id)) job->OnLinkLost("closed by the source");
}

SlotImport* SlotMigrations::ImportOf(uint64_t client_id) const {
  for (const auto& job : imports_) {
    if (client_id != 0 && job->client_id() == client_id) return job.get();
  }
  return nullptr;
}

SlotExport* SlotMigrations::ExportNamed(const std::string& name) const {
  for (const auto& job : exports_) {
    if (job->job().name == name && !job->ended()) return job.get();
  }
  return nullptr;
}

SlotImport* SlotMigrations::ImportNamed(const std::string& name) const {
  for (const auto& job : imports_) {
    if (job->job().name == name && !job->ended()) return job.get();
  }
  return nullptr;
}

}  // namespace windlass::server
