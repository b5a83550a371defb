// SlotMigrations: the records, who knows of them, and what a change of role or a
// restart makes of them.
#include <utility>

#include "node/migration/record_rules.h"
#include "node/net/event_loop.h"
#include "node/replication/replica_side.h"
#include "node/server/slot_migrations.h"

namespace windlass::server {

using migration::JobRecord;
using migration::Outstanding;
using migration::OwnsAllOf;
using migration::RecordKind;

// --- changes

void SlotMigrations::PutRecord(const JobRecord& record) {
  records_.Put(record);
  RecordsChanged();
}

void SlotMigrations::RemoveRecord(const std::string& name) {
  records_.Remove(name);
  RecordsChanged();
}

void SlotMigrations::RecordsChanged() {
  if (!begun_) return;
  std::vector<cluster::Grant> grants = migration::OutstandingGrants(core(), records_);
  if (!grants.empty() || told_grants_ != 0) {
    told_grants_ = grants.size();
    parts_.cluster->TellGrants(std::move(grants));
  }
  ShowAndHide();
}

void SlotMigrations::ShowAndHide() {
  if (records_.all().empty() && hidden_by_records_.empty()) return;
  slot::SlotSet wanted;
  if (begun_) {
    wanted = migration::HiddenSlots(core(), records_);
  } else {
    // What was granted is not to be claimed again for the keys in it.
    for (const auto& [name, record] : records_.all()) wanted |= record.job.slots;
  }
  if (wanted == hidden_by_records_) return;
  slot::SlotSet shown = hidden_by_records_;
  shown -= wanted;
  shown -= cleaner_.pending();
  keyspace::Database& db = parts_.node->keyspace->db(0);
  db.Unhide(shown);
  db.Hide(wanted);
  hidden_by_records_ = wanted;
}

// Only the owner of the log says anything in it.
void SlotMigrations::Announce(const std::string& name) {
  if (!adopted_ || parts_.node->replica_side->following() || !parts_.node->repl_log->has_backlog()) return;
  std::vector<std::string> words{"CLUSTER", "SYNCSLOTS", "STATE"};
  if (const JobRecord* record = records_.Find(name)) {
    for (std::string& word : migration::RecordWords(*record)) words.push_back(std::move(word));
  } else {
    words.insert(words.end(), {"none", name});
  }
  parts_.durability->primary().Tell(std::vector<std::string_view>(words.begin(), words.end()));
}

// Again and again, for replicas that came later.
void SlotMigrations::AnnounceAll() {
  announced_ms_ = node().loop->NowMs();
  const replication::PrimarySide& primary = parts_.durability->primary();
  if (primary.Count() == 0 || !primary.AllKnowSlotJobs()) return;
  for (const auto& [name, record] : records_.all()) Announce(name);
}

int64_t SlotMigrations::LogOffset() const { return parts_.node->repl_log->offset(); }

void SlotMigrations::AnnounceBehindCopies() {
  const uint64_t copies = parts_.durability->primary().copies_begun();
  if (copies == copies_told_ || !parts_.durability->primary().AllKnowSlotJobs()) return;
  copies_told_ = copies;
  const std::vector<std::string> only = records_.OnlyWords();
  std::vector<std::string_view> argv{"CLUSTER", "SYNCSLOTS", "STATE"};
  argv.insert(argv.end(), only.begin(), only.end());
  parts_.durability->primary().Tell(argv);
  for (const auto& [name, record] : records_.all()) Announce(name);
  for (PendingGrant& grant : pending_grants_) grant.offset = LogOffset();
  for (const auto& job : imports_) job->WaitFrom(LogOffset());
}

// --- grants, as the source

void SlotMigrations::SaveGrant(SlotExport* job) {
  if (!adopted_) return;
  PutRecord({RecordKind::kGrant, job->job(), core().Info().current_epoch});
  Announce(job->job().name);
  const std::string name = job->job().name;
  pending_grants_.push_back({name, node().repl_log->offset(), false});
  AskForAcks();
  Save([this, name](bool ok) {
    SlotExport* waiting = ExportNamed(name);
    if (!ok && waiting != nullptr) return waiting->OnGrantSafe(false);
    for (PendingGrant& grant : pending_grants_) {
      if (grant.name == name) grant.saved = true;
    }
  });
}

void SlotMigrations::CheckGrantAcks() {
  for (size_t i = 0; i < pending_grants_.size();) {
    const PendingGrant grant = pending_grants_[i];
    SlotExport* job = ExportNamed(grant.name);
    if (job != nullptr && !(grant.saved && ReplicasKnow(grant.offset))) {
      ++i;
      continue;
    }
    pending_grants_.erase(pending_grants_.begin() + static_cast<std::ptrdiff_t>(i));
    if (job != nullptr) job->OnGrantSafe(true);
  }
}

void SlotMigrations::WithdrawGrant(SlotExport* job) {
  const std::string& name = job->job().name;
  std::erase_if(pending_grants_, [&name](const PendingGrant& grant) { return grant.name == name; });
  if (!adopted_) return;
  RemoveRecord(name);
  Announce(name);
  Save(nullptr);
}

uint64_t SlotMigrations::GrantEpoch(const std::string& name) const {
  const JobRecord* record = records_.Find(name);
  return record == nullptr ? 0 : record->epoch;
}

// No new epoch: nobody else has claimed them, and one that this node gives itself could
// win over a successor that was elected meanwhile and that it has not heard of.
void SlotMigrations::TakeBack(SlotExport* job) {
  const std::string& name = job->job().name;
  RemoveRecord(name);
  Announce(name);
  Save(nullptr);
}

void SlotMigrations::OnExportEnded(SlotExport* job) {
  Remember(job->Report());
  if (job->machine().state() != migration::ExportState::kSuccess || !adopted_) return;
  PutRecord({RecordKind::kDrop, job->job(), 0});
  Announce(job->job().name);
  Save(nullptr);
  cleaner_.Add(job->job().slots);
}

// --- grants, as the target

void SlotMigrations::SaveImportGrant(SlotImport* job, uint64_t epoch) {
  const std::string name = job->job().name;
  if (const JobRecord* known = records_.Find(name)) epoch = std::max(epoch, known->epoch);
  PutRecord({RecordKind::kImportGranted, job->job(), epoch});
  Save([this, name](bool ok) {
    if (SlotImport* waiting = ImportNamed(name)) waiting->OnGrantSaved(ok);
  });
}

uint64_t SlotMigrations::TakeSlots(SlotImport* job) {
  const uint64_t ticket = parts_.cluster->TakeSlots(job->job().slots, GrantEpoch(job->job().name));
  ShowAndHide();
  return ticket;
}

void SlotMigrations::DropImport(SlotImport* job) {
  if (!adopted_) return;
  PutRecord({RecordKind::kDrop, job->job(), 0});
  Announce(job->job().name);
  Save(nullptr);
  cleaner_.Add(job->job().slots);
}

void SlotMigrations::OnImportEnded(SlotImport* job) {
  Remember(job->Report());
  if (job->machine().state() != migration::ImportState::kSuccess || !adopted_) return;
  const std::string& name = job->job().name;
  RemoveRecord(name);
  Announce(name);
  Save(nullptr);
}

// --- background

void SlotMigrations::ForgetEmptiedSlots() {
  std::vector<std::string> emptied;
  for (const auto& [name, record] : records_.all()) {
    if (record.kind == RecordKind::kDrop && !record.job.slots.Intersects(cleaner_.pending())) emptied.push_back(name);
  }
  if (emptied.empty()) return;
  for (const std::string& name : emptied) {
    RemoveRecord(name);
    Announce(name);
    if (SlotImport* job = ImportNamed(name)) job->OnDropped();
  }
  Save(nullptr);
}

// A slot that is to be used here again must be empty before the first command.
void SlotMigrations::OnRoutes() {
  if (cleaner_.pending().empty() || !begun_ || parts_.node->replica_side->following()) return;
  slot::SlotSet used;
  cleaner_.pending().ForEach([&](slot::SlotId slot) {
    const cluster::RouteKind kind = core().RouteOf(slot).kind;
    const bool ours = kind == cluster::RouteKind::kOwn || kind == cluster::RouteKind::kMigrating ||
                      kind == cluster::RouteKind::kImporting;
    if (ours) used.Add(slot);
  });
  if (!used.empty()) cleaner_.FinishNow(used);
}

void SlotMigrations::CheckOwnership() {
  routes_seen_ = core().RoutesVersion();
  ShowAndHide();
  for (const auto& job : exports_) {
    if (job->ended()) continue;
    const bool granted = job->machine().state() == migration::ExportState::kGranted;
    const JobRecord record{RecordKind::kGrant, job->job(), 0};
    if (granted ? !Outstanding(core(), record) : !OwnsAllOf(core(), job->job().slots)) job->NoteClaimed();
  }
  for (const auto& job : imports_) {
    if (job->machine().receiving() && !migration::SourceOwnsAll(core(), job->job())) {
      job->Fail("Slots are no longer owned by source node");
    }
  }
  std::vector<std::string> over;
  for (const auto& [name, record] : records_.all()) {
    const bool grant = record.kind == RecordKind::kGrant && ExportNamed(name) == nullptr;
    if (grant && !Outstanding(core(), record)) over.push_back(name);
  }
  if (over.empty()) return;
  // The keys are here until the master has unlinked them; its successor goes on with that.
  for (const std::string& name : over) {
    PutRecord({RecordKind::kDrop, records_.Find(name)->job, 0});
    if (adopted_) cleaner_.Add(records_.Find(name)->job.slots);
  }
  Save(nullptr);
}

// --- start and roles

base::Result<void> SlotMigrations::Load() {
  auto records = file_.Load();
  if (!records.ok()) return base::Error{records.error()};
  records_ = std::move(*records);
  ShowAndHide();
  return {};
}

void SlotMigrations::Begin(bool data_complete) {
  begun_ = true;
  data_complete_ = data_complete;
  RecordsChanged();
}

void SlotMigrations::BecomeMaster() {
  adopted_ = true;
  const std::map<std::string, JobRecord> found = records_.all();
  for (const auto& [name, record] : found) {
    node().log->Notice("Slot migration " + name + " goes on from its record: " +
                       std::string(migration::KindWord(record.kind)));
    Adopt(record);
  }
  if (!found.empty()) Save(nullptr);
  data_complete_ = true;  // from here on this node's data is what there is
  RefreshHolds();
}

void SlotMigrations::Adopt(const JobRecord& record) {
  const int64_t now_ms = node().loop->NowMs();
  const auto import = [&](migration::ImportMachine machine) {
    imports_.push_back(std::make_unique<SlotImport>(this, record.job, std::move(machine), 0));
    imports_.back()->Begin();
  };
  switch (migration::FateOf(core(), record, data_complete_)) {
    case migration::Fate::kForget: return RemoveRecord(record.job.name);
    case migration::Fate::kEmptySlots:
      PutRecord({RecordKind::kDrop, record.job, 0});
      return cleaner_.Add(record.job.slots);
    case migration::Fate::kAskOutcome:
      exports_.push_back(
          std::make_unique<SlotExport>(this, record.job, migration::ExportMachine::InDoubt({}, now_ms)));
      return;
    case migration::Fate::kTakeSlots: return import(migration::ImportMachine::FoundGranted());
    case migration::Fate::kDropImport: return import(migration::ImportMachine::FoundUnfinished());
  }
}

// The records stay: the new master has them too and goes on with them.
void SlotMigrations::BecomeReplica() {
  adopted_ = false;
  pending_grants_.clear();
  for (const auto& job : exports_) {
    if (job->ended()) continue;
    if (job->machine().state() == migration::ExportState::kGranted && !Outstanding(core(), {RecordKind::kGrant, job->job(), 0})) {
      job->NoteClaimed();
    } else if (job->machine().state() == migration::ExportState::kGranted) {
      commands::MigrationReport report = job->Report();
      report.state = migration::StateWord(migration::ExportState::kFailed);
      report.message = "This node was demoted; its successor goes on";
      Remember(std::move(report));
    } else {
      job->Fail("This node was demoted");
    }
  }
  for (const auto& job : imports_) {
    if (!job->ended()) job->Fail("This node was demoted");
  }
  exports_.clear();
  imports_.clear();
  cleaner_.Clear();
  hidden_by_records_.Clear();
  ShowAndHide();
  RefreshHolds();
}

}  // namespace windlass::server
