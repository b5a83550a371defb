// A migration as its target.
#include <utility>

#include "node/migration/record_rules.h"
#include "tests/sim/slot_moves.h"

namespace windlass::sim {

using migration::ImportDo;
using migration::ImportState;
using migration::JobRecord;
using migration::RecordKind;

void SlotMoves::Establish(const migration::Job& asked, uint64_t wire, Host* source) {
  const auto refuse = [&](const char* why) {
    wires_->Send(wire, *host_, [theirs = find_(*source), name = asked.name, why] {
      if (const ExportPtr job = theirs->ExportNamed(name)) theirs->Do(job, job->machine.OnReply(theirs->NowMs(), std::string("-ERR ") + why));
    });
    wires_->Close(wire, *host_);
  };
  if (!adopted_ || !core().IsMaster()) return refuse("not a primary");
  const auto busy = [&](const auto& job) { return !job->ended() && job->job.slots.Intersects(asked.slots); };
  bool taken = records_.Find(asked.name) != nullptr;
  for (const ExportPtr& job : exports_) taken = taken || busy(job);
  for (const ImportPtr& job : imports_) taken = taken || busy(job);
  if (taken) return refuse("already being imported");
  if (!migration::SourceOwnsAll(core(), asked)) return refuse("no agreement about current slot ownership");
  bool closed = true;
  asked.slots.ForEach([&](slot::SlotId slot) { closed = closed && core().RouteOf(slot).kind == cluster::RouteKind::kMoved; });
  if (!closed) return refuse("a slot is open on the target");
  cleaning_ |= asked.slots;
  FinishCleaning(asked.slots);
  ForgetEmptied();
  if (!host_->alive()) return;
  migration::Job job = asked;
  job.target = core().MyId();
  job.source_shard = core().ShardOf(asked.source);
  job.target_shard = core().MyShardId();
  PutRecord({RecordKind::kImport, job, 0});
  Announce(job.name);
  const auto import = std::make_shared<Import>(Import{job, migration::ImportMachine()});
  import->wire = wire;
  imports_.push_back(import);
  wires_->OnClosed(wire, *host_, [this, import, wire] {
    if (import->wire != wire) return;
    import->wire = 0;
    Do(import, import->machine.OnLinkLost("closed by the source"));
  });
  // Writes of the source wait while this node pauses writes, as anybody's do.
  wires_->SetBusy(wire, *host_, [this] { return Paused(); });
  Save([this, import, theirs = find_(*source)](bool saved) {
    if (import->ended() || !import->machine.receiving()) return;
    if (!saved) return FailImport(import, "The record of the import could not be saved");
    ToSource(import, [](SlotMoves* source, const ExportPtr& job) { source->Do(job, job->machine.OnReply(source->NowMs(), "+OK")); });
  });
}

void SlotMoves::ToSource(const ImportPtr& job, std::function<void(SlotMoves*, const ExportPtr&)> what) {
  Host* source = job->wire == 0 ? nullptr : HostOfId(job->job.source);
  if (source == nullptr) return;
  SlotMoves* theirs = find_(*source);
  wires_->Send(job->wire, *host_, [theirs, name = job->job.name, wire = job->wire, what = std::move(what)] {
    const ExportPtr export_ = theirs->ExportNamed(name);
    if (export_ != nullptr && export_->wire == wire) what(theirs, export_);
  });
}

void SlotMoves::Do(const ImportPtr& job, const migration::ImportMachine::Effects& effects) {
  const uint64_t life = host_->life;
  for (const ImportDo effect : effects) {
    if (Dies(migration::Word(effect))) return;
    DoOne(job, effect);
    if (!host_->alive() || host_->life != life) return;
  }
}

void SlotMoves::DoOne(const ImportPtr& job, ImportDo effect) {
  switch (effect) {
    case ImportDo::kWaitReplicas: return WaitForReplicas(job, Import::Waiting::kReplicasHaveAll);
    case ImportDo::kSendReady:
      return ToSource(job, [number = job->machine.number()](SlotMoves* source, const ExportPtr& export_) {
        source->Do(export_, export_->machine.OnReady(source->NowMs(), number));
      });
    case ImportDo::kSaveGrant: {
      const std::string name = job->job.name;
      uint64_t epoch = job->epoch;
      if (const JobRecord* known = records_.Find(name)) epoch = std::max(epoch, known->epoch);
      PutRecord({RecordKind::kImportGranted, job->job, epoch});
      return Save([this, name](bool ok) {
        if (const ImportPtr waiting = ImportNamed(name)) Do(waiting, waiting->machine.OnGrantSaved(ok));
      });
    }
    case ImportDo::kTellReplicas: return WaitForReplicas(job, Import::Waiting::kReplicasKnow);
    case ImportDo::kTakeSlots:
      job->waiting = Import::Waiting::kInTouch;
      return TakeSlotsIfInTouch(job);
    case ImportDo::kCloseLink:
      wires_->Close(job->wire, *host_);
      job->wire = 0;
      return;
    case ImportDo::kDrop:
      if (!adopted_) return;
      PutRecord({RecordKind::kDrop, job->job, 0});
      Announce(job->job.name);
      Save(nullptr);
      cleaning_ |= job->job.slots;
      return;
    case ImportDo::kEnded:
      world_->Trace(host_, "import " + job->job.name.substr(0, 8) + ": " + std::string(StateWord(job->machine.state())) + " " + job->machine.message());
      if (job->machine.state() != ImportState::kSuccess || !adopted_) return;
      RemoveRecord(job->job.name);
      Announce(job->job.name);
      return Save(nullptr);
  }
}

void SlotMoves::TakeSlotsIfInTouch(const ImportPtr& job) {
  if (!core().InTouch()) return;
  const JobRecord* record = records_.Find(job->job.name);
  job->wait_ticket = 0;
  job->waiting = Import::Waiting::kTaken;
  world_->Trace(host_, "takes " + migration::RangesText(job->job.slots) + " by " + job->job.name.substr(0, 8));
  world_->Admin(host_, cluster::TakeSlotsCommand{job->job.slots, record == nullptr ? 0 : record->epoch}, &job->wait_ticket);
  if (host_->alive()) Hide();
}

void SlotMoves::FailImport(const ImportPtr& job, const std::string& why) {
  migration::ImportMachine::Effects effects;
  if (job->machine.Fail(why, &effects)) Do(job, effects);
}

void SlotMoves::WaitForReplicas(const ImportPtr& job, Import::Waiting what) {
  job->waiting = what;
  Announce(job->job.name);
  job->wait_offset = data_->offset();
}

void SlotMoves::ImportTurn(const ImportPtr& job) {
  if (job->got != job->acked) {
    job->acked = job->got;
    ToSource(job, [at = job->acked](SlotMoves* source, const ExportPtr& export_) {
      export_->acked = std::max(export_->acked, at);
      source->Do(export_, export_->machine.OnAcknowledged(source->NowMs()));
    });
  }
  switch (job->waiting) {
    case Import::Waiting::kNothing: return;
    case Import::Waiting::kReplicasHaveAll:
      if (!data_->ReplicasHave(job->wait_offset)) return;
      job->waiting = Import::Waiting::kNothing;
      return Do(job, job->machine.OnReplicasHaveAll());
    case Import::Waiting::kReplicasKnow:
      if (!ReplicasKnow(job->wait_offset)) return;
      job->waiting = Import::Waiting::kNothing;
      return Do(job, job->machine.OnReplicasKnow());
    case Import::Waiting::kInTouch: return TakeSlotsIfInTouch(job);
    case Import::Waiting::kTaken:
      if (job->wait_ticket == 0 || host_->saved_ticket < job->wait_ticket) return;
      job->waiting = Import::Waiting::kNothing;
      return Do(job, job->machine.OnTaken());
  }
}

// As a source in doubt asks; nothing: cannot tell yet.
std::optional<migration::Outcome> SlotMoves::OutcomeOf(const migration::Job& asked) {
  if (!adopted_ || !core().IsMaster() || core().OnProbation()) return std::nullopt;
  if (const ImportPtr job = ImportNamed(asked.name); job != nullptr && job->machine.receiving()) {
    FailImport(job, "The source asked for the outcome before it had granted anything");
    if (!host_->alive()) return std::nullopt;
  }
  const bool settled = saving_.empty() && !save_failed_;
  return migration::OutcomeOf(core(), records_.Find(asked.name), settled, asked.source_shard, asked.slots);
}

}  // namespace windlass::sim
