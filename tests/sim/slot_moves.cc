// Records, roles and the turn. See slot_moves.h.
#include "tests/sim/slot_moves.h"

#include <algorithm>
#include <utility>

#include "node/migration/record_rules.h"

namespace windlass::sim {

using migration::JobRecord;
using migration::RecordKind;

namespace {
constexpr int64_t kAnnounceEveryUs = 1000000;
constexpr int64_t kSaveAgainUs = 500000;
}  // namespace

// --- life

void SlotMoves::Starting() {
  records_ = migration::JobRecords();
  exports_.clear();
  imports_.clear();
  cleaning_.Clear();
  saving_.clear();
  saved_last_us_ = 0;
  save_failed_ = grant_unsaved_ = false;
  pending_grants_.clear();
  routes_seen_ = 0;
  told_grants_ = 0;
  begun_ = was_master_ = adopted_ = false;
  announced_us_ = 0;
  copies_told_ = 0;
  die_before_.clear();
  if (!file_) return;
  auto records = migration::JobRecords::Parse(*file_);
  if (!records.ok()) return world_->checks().Fail("a record of migrations cannot be read: " + records.error());
  records_ = std::move(*records);
  slot::SlotSet hidden = records_.SlotsOf(RecordKind::kGrant);
  hidden |= records_.SlotsOf(RecordKind::kImport);
  hidden |= records_.SlotsOf(RecordKind::kImportGranted);
  hidden |= records_.SlotsOf(RecordKind::kDrop);
  data_->Hide(hidden);
}

void SlotMoves::Started(bool data_complete) {
  begun_ = true;
  data_complete_ = data_complete;
  RecordsChanged();
}

// What was on its way to the disk may have got there.
void SlotMoves::Crashed() {
  if (saving_.empty()) return;
  const uint64_t done = world_->random().Below(saving_.size() + 1);
  if (done > 0) file_ = saving_[done - 1];
}

bool SlotMoves::Dies(std::string_view step) {
  if (die_before_.empty() || die_before_ != step) return false;
  world_->Trace(host_, "dies before " + die_before_);
  die_before_.clear();
  world_->Crash(host_);
  return true;
}

void SlotMoves::LostSlots(const slot::SlotSet& slots) { cleaning_ |= slots; }

// --- the turn

void SlotMoves::AtTurnEnd() {
  if (!begun_) return;
  const uint64_t life = host_->life;
  const auto gone = [this, life] { return !host_->alive() || host_->life != life; };
  const bool master = core().IsMaster() && !data_->following();
  if (!master && was_master_) BecomeReplica();
  if (master && !adopted_ && !core().OnProbation()) BecomeMaster();
  if (gone()) return;
  was_master_ = master;
  if (routes_seen_ != core().RoutesVersion()) CheckOwnership();
  if (gone()) return;
  if (save_failed_ && saving_.empty() && world_->now_us() - saved_again_us_ >= kSaveAgainUs) {
    saved_again_us_ = world_->now_us();
    Save(nullptr);
  }
  if (grant_unsaved_ && saving_.empty() && !save_failed_) {
    grant_unsaved_ = false;
    data_->SetMute(false);
  }
  if (!adopted_) return;
  if (!Paused()) AnnounceBehindCopies();
  for (const ExportPtr& job : std::vector<ExportPtr>(exports_)) {
    if (!job->ended()) ExportTurn(job);
    if (gone()) return;
  }
  for (const ImportPtr& job : std::vector<ImportPtr>(imports_)) {
    if (!job->ended()) ImportTurn(job);
    if (gone()) return;
  }
  CheckGrantAcks();
  if (gone()) return;
  if (!Paused() && !cleaning_.empty()) {
    CleanStep();
    ForgetEmptied();
    if (gone()) return;
  }
  if (!Paused() && world_->now_us() - announced_us_ >= kAnnounceEveryUs) AnnounceAll();
  std::erase_if(exports_, [](const ExportPtr& job) { return job->ended(); });
  std::erase_if(imports_, [](const ImportPtr& job) { return job->ended(); });
}

Host* SlotMoves::HostOfId(const cluster::NodeId& id) {
  for (auto& host : world_->hosts()) {
    if (host->alive() && host->core->MyId() == id) return host.get();
  }
  return nullptr;
}

SlotMoves::ExportPtr SlotMoves::ExportNamed(const std::string& name) const {
  for (const ExportPtr& job : exports_) {
    if (job->job.name == name && !job->ended()) return job;
  }
  return nullptr;
}

SlotMoves::ImportPtr SlotMoves::ImportNamed(const std::string& name) const {
  for (const ImportPtr& job : imports_) {
    if (job->job.name == name && !job->ended()) return job;
  }
  return nullptr;
}

bool SlotMoves::Holds(slot::SlotId slot) const {
  for (const ExportPtr& job : exports_) {
    if (job->machine.holding() && job->job.slots.Contains(slot)) return true;
    if (job->machine.throttling() && job->job.slots.Contains(slot)) return true;
  }
  return false;
}

std::string SlotMoves::MaySet(const cluster::SetSlotCommand& command) const {
  if (const auto checked = core().Check(command); !checked.ok()) return checked.error();
  const migration::Job* has = records_.MovingJob(command.slot);
  for (const ExportPtr& job : exports_) {
    if (!job->ended() && job->job.slots.Contains(command.slot)) has = &job->job;
  }
  for (const ImportPtr& job : imports_) {
    if (!job->ended() && job->job.slots.Contains(command.slot)) has = &job->job;
  }
  return has == nullptr ? std::string() : migration::WhyNotSet(core(), *has, command).value_or("");
}

std::string SlotMoves::Unfinished() const {
  for (const ExportPtr& job : exports_) {
    if (!job->ended()) return "export " + job->job.name.substr(0, 8) + " " + std::string(StateWord(job->machine.state()));
  }
  for (const ImportPtr& job : imports_) {
    if (!job->ended()) return "import " + job->job.name.substr(0, 8) + " " + std::string(StateWord(job->machine.state()));
  }
  for (const auto& [name, record] : records_.all()) {
    return "record " + name.substr(0, 8) + " " + std::string(migration::KindWord(record.kind));
  }
  return "";
}

// --- records

void SlotMoves::PutRecord(const JobRecord& record) {
  records_.Put(record);
  RecordsChanged();
}

void SlotMoves::RemoveRecord(const std::string& name) {
  records_.Remove(name);
  RecordsChanged();
}

void SlotMoves::RecordsChanged() {
  if (!begun_) return;
  std::vector<cluster::Grant> grants = migration::OutstandingGrants(core(), records_);
  if (!grants.empty() || told_grants_ != 0) {
    told_grants_ = grants.size();
    world_->Feed(host_, cluster::GrantsOutstanding{std::move(grants)});
  }
  Hide();
}

void SlotMoves::Hide() {
  slot::SlotSet hidden = migration::HiddenSlots(core(), records_);
  hidden |= cleaning_;
  data_->Hide(hidden);
}

void SlotMoves::Announce(const std::string& name) {
  if (!adopted_ || data_->following()) return;
  const JobRecord* record = records_.Find(name);
  data_->Say(record != nullptr ? migration::RecordWords(*record) : std::vector<std::string>{"none", name});
}

void SlotMoves::AnnounceAll() {
  announced_us_ = world_->now_us();
  if (data_->Count() == 0) return;
  for (const auto& [name, record] : records_.all()) Announce(name);
}

// A copy of the data says nothing of the records: they come right behind it.
void SlotMoves::AnnounceBehindCopies() {
  if (data_->copies() == copies_told_) return;
  copies_told_ = data_->copies();
  data_->Say(records_.OnlyWords());
  for (const auto& [name, record] : records_.all()) Announce(name);
  for (PendingGrant& grant : pending_grants_) grant.offset = data_->offset();
  for (const ImportPtr& job : imports_) job->wait_offset = data_->offset();
}

void SlotMoves::Save(std::function<void(bool)> done) {
  saving_.push_back(records_.Text());
  // One writer: they end in order.
  const int64_t takes_us = 500 + static_cast<int64_t>(world_->random().Below(world_->random().Below(20) == 0 ? 200000 : 5000));
  saved_last_us_ = std::max(world_->now_us() + takes_us, saved_last_us_ + 1);
  world_->At(saved_last_us_, [this, life = host_->life, done = std::move(done)] {
    if (!host_->alive() || host_->life != life || saving_.empty()) return;
    save_failed_ = world_->DiskFails();
    if (!save_failed_) file_ = saving_.front();
    saving_.pop_front();
    if (done) done(!save_failed_);
  });
}

void SlotMoves::LearnRecord(const std::vector<std::string>& words) {
  if (words.size() == 2 && words[0] == "none") {
    const JobRecord* over = records_.Find(words[1]);
    if (over == nullptr) return;
    if (const slot::SlotSet taken = migration::TakenByMaster(core(), *over); !taken.empty()) {
      world_->Admin(host_, cluster::TakeSlotsCommand{taken, 0, core().MyMaster()});
      if (!host_->alive()) return;
    }
    RemoveRecord(words[1]);
    return Save(nullptr);
  }
  const std::vector<std::string_view> views(words.begin(), words.end());
  if (words[0] == migration::kOnlyWord) {
    const std::vector<std::string> gone = records_.NotAmong(std::span(views).subspan(1));
    for (const std::string& name : gone) RemoveRecord(name);
    if (!gone.empty()) Save(nullptr);
    return;
  }
  const auto record = migration::ParseRecordWords(views);
  if (!record) return world_->checks().Fail("a record of migrations is not understood");
  const JobRecord* known = records_.Find(record->job.name);
  if (known != nullptr && migration::RecordWords(*known) == words) return;
  if (const slot::SlotSet given = migration::TakenFromMaster(core(), *record); !given.empty()) {
    world_->Admin(host_, cluster::TakeSlotsCommand{given, 0, record->job.target});
    if (!host_->alive()) return;
  }
  PutRecord(*record);
  if (record->kind != RecordKind::kGrant && record->kind != RecordKind::kImportGranted) return Save(nullptr);
  if (!saving_.empty()) file_ = saving_.back();
  saving_.clear();
  save_failed_ = world_->DiskFails();
  if (!save_failed_) {
    file_ = records_.Text();
    return;
  }
  grant_unsaved_ = true;
  data_->SetMute(true);
}

// --- roles

void SlotMoves::BecomeMaster() {
  adopted_ = true;
  const std::map<std::string, JobRecord> found = records_.all();
  for (const auto& [name, record] : found) {
    world_->Trace(host_, "goes on with " + name.substr(0, 8) + ", " + std::string(migration::KindWord(record.kind)));
    const auto import = [&, job = record.job](migration::ImportMachine machine) {
      imports_.push_back(std::make_shared<Import>(Import{job, std::move(machine)}));
      Do(imports_.back(), imports_.back()->machine.Begin());
    };
    switch (migration::FateOf(core(), record, data_complete_)) {
      case migration::Fate::kForget:
        RemoveRecord(name);
        break;
      case migration::Fate::kEmptySlots:
        PutRecord({RecordKind::kDrop, record.job, 0});
        cleaning_ |= record.job.slots;
        break;
      case migration::Fate::kAskOutcome:
        exports_.push_back(std::make_shared<Export>(Export{record.job, migration::ExportMachine::InDoubt({}, NowMs())}));
        break;
      case migration::Fate::kTakeSlots:
        import(migration::ImportMachine::FoundGranted());
        break;
      case migration::Fate::kDropImport:
        import(migration::ImportMachine::FoundUnfinished());
        break;
    }
    if (!host_->alive()) return;
  }
  if (!found.empty()) Save(nullptr);
  data_complete_ = true;
}

void SlotMoves::BecomeReplica() {
  adopted_ = false;
  pending_grants_.clear();
  for (const ExportPtr& job : std::vector<ExportPtr>(exports_)) {
    if (job->ended()) continue;
    if (job->machine.state() != migration::ExportState::kGranted) {
      Do(job, job->machine.Fail(NowMs(), "This node was demoted"));
    } else if (!migration::Outstanding(core(), {RecordKind::kGrant, job->job, 0})) {
      Do(job, job->machine.OnClaimed(NowMs()));
    }
    if (!host_->alive()) return;
    wires_->Close(job->wire, *host_);
  }
  for (const ImportPtr& job : std::vector<ImportPtr>(imports_)) {
    if (!job->ended()) FailImport(job, "This node was demoted");
    if (!host_->alive()) return;
    wires_->Close(job->wire, *host_);
  }
  exports_.clear();
  imports_.clear();
  cleaning_.Clear();
  Hide();
}

void SlotMoves::CheckOwnership() {
  routes_seen_ = core().RoutesVersion();
  Hide();
  for (const ExportPtr& job : std::vector<ExportPtr>(exports_)) {
    if (job->ended()) continue;
    const bool granted = job->machine.state() == migration::ExportState::kGranted;
    const bool over = granted ? !migration::Outstanding(core(), {RecordKind::kGrant, job->job, 0})
                              : !migration::OwnsAllOf(core(), job->job.slots);
    if (over) Do(job, job->machine.OnClaimed(NowMs()));
    if (!host_->alive()) return;
  }
  for (const ImportPtr& job : std::vector<ImportPtr>(imports_)) {
    if (job->machine.receiving() && !migration::SourceOwnsAll(core(), job->job)) {
      FailImport(job, "Slots are no longer owned by source node");
    }
    if (!host_->alive()) return;
  }
  std::vector<std::string> over;
  for (const auto& [name, record] : records_.all()) {
    const bool grant = record.kind == RecordKind::kGrant && ExportNamed(name) == nullptr;
    if (grant && !migration::Outstanding(core(), record)) over.push_back(name);
  }
  if (over.empty()) return;
  for (const std::string& name : over) {
    PutRecord({RecordKind::kDrop, records_.Find(name)->job, 0});
    if (adopted_) cleaning_ |= records_.Find(name)->job.slots;
  }
  Save(nullptr);
}

// --- background

void SlotMoves::CleanStep() {
  // Used again: it must be empty before the first command.
  slot::SlotSet used = cleaning_;
  slot::SlotSet foreign = cleaning_;
  foreign -= core().OwnSlots();
  used -= foreign;
  FinishCleaning(used);
  for (int s = cleaning_.Next(0); s >= 0; s = cleaning_.Next(s + 1)) {
    const auto slot = static_cast<slot::SlotId>(s);
    const bool had = data_->value(slot) != 0;
    if (had) data_->Put(slot, 0);
    cleaning_.Remove(slot);
    if (had) return;
  }
}

void SlotMoves::FinishCleaning(const slot::SlotSet& slots) {
  slots.ForEach([this](slot::SlotId slot) {
    if (!cleaning_.Contains(slot)) return;
    if (data_->value(slot) != 0) data_->Put(slot, 0);
    cleaning_.Remove(slot);
  });
}

void SlotMoves::ForgetEmptied() {
  std::vector<std::string> emptied;
  for (const auto& [name, record] : records_.all()) {
    if (record.kind == RecordKind::kDrop && !record.job.slots.Intersects(cleaning_)) emptied.push_back(name);
  }
  if (emptied.empty()) return;
  for (const std::string& name : emptied) {
    RemoveRecord(name);
    Announce(name);
    if (const ImportPtr job = ImportNamed(name)) Do(job, job->machine.OnDropped());
    if (!host_->alive()) return;
  }
  Save(nullptr);
}

}  // namespace windlass::sim
