// A migration as its source.
#include <algorithm>
#include <utility>

#include "node/migration/record_rules.h"
#include "tests/sim/slot_moves.h"

namespace windlass::sim {

using migration::ExportDo;
using migration::ExportState;
using migration::JobRecord;
using migration::RecordKind;

namespace {
constexpr int64_t kBytesPerMessage = 4096;
constexpr int kWalkedPerTurn = 3;
constexpr int64_t kQuestionUs = 5000000;
}  // namespace

std::string SlotMoves::Migrate(const slot::SlotSet& slots, const Host& target) {
  if (!adopted_) return "not adopted";
  const auto busy = [&slots](const auto& job) { return !job->ended() && job->job.slots.Intersects(slots); };
  if (std::any_of(exports_.begin(), exports_.end(), busy) || std::any_of(imports_.begin(), imports_.end(), busy)) return "busy";
  bool own = true;
  slots.ForEach([&](slot::SlotId slot) { own = own && core().RouteOf(slot).kind == cluster::RouteKind::kOwn; });
  if (!own) return "a slot is not this node's, or open";
  const cluster::NodeId id = target.core->MyId();
  if (!core().IsKnownMaster(id)) return "the target is not a master";
  migration::Job job;
  job.name = world_->random().Hex(migration::kJobNameDigits);
  job.source = core().MyId();
  job.target = id;
  job.source_shard = core().MyShardId();
  job.target_shard = core().ShardOf(id);
  job.slots = slots;
  world_->Trace(host_, "moves " + migration::RangesText(slots) + " to host " + std::to_string(target.index()) + " as " + job.name.substr(0, 8));
  exports_.push_back(std::make_shared<Export>(Export{std::move(job), migration::ExportMachine(false, {}, NowMs())}));
  Do(exports_.back(), exports_.back()->machine.Start(NowMs()));
  return "";
}

void SlotMoves::Do(const ExportPtr& job, const migration::ExportMachine::Effects& effects) {
  const uint64_t life = host_->life;
  for (const ExportDo effect : effects) {
    if (Dies(migration::Word(effect))) return;
    DoOne(job, effect);
    if (!host_->alive() || host_->life != life) return;
  }
}

void SlotMoves::DoOne(const ExportPtr& job, ExportDo effect) {
  switch (effect) {
    case ExportDo::kConnect: return Connect(job);
    case ExportDo::kSendAuth: return;
    case ExportDo::kSendEstablish: {
      Host* target = HostOfId(job->job.target);
      if (target == nullptr) return;
      SlotMoves* theirs = find_(*target);
      wires_->Send(job->wire, *host_, [theirs, what = job->job, wire = job->wire, me = host_] { theirs->Establish(what, wire, me); });
      return;
    }
    case ExportDo::kStartSnapshot:
      job->walking = true;
      job->next_slot = 0;
      return;
    case ExportDo::kThrottle:
    case ExportDo::kUnthrottle:
    case ExportDo::kHold:
    case ExportDo::kUnhold: return;  // Holds() asks the machine
    case ExportDo::kSendPaused:
      return ToTarget(job, [number = job->machine.number()](SlotMoves* target, const ImportPtr& import) {
        target->Do(import, import->machine.OnPaused(number));
      });
    case ExportDo::kSendResume:
      return ToTarget(job, [](SlotMoves* target, const ImportPtr& import) { target->Do(import, import->machine.OnResume()); });
    case ExportDo::kSaveGrant: return SaveGrant(job);
    case ExportDo::kWithdrawGrant: return WithdrawGrant(job);
    case ExportDo::kSendGrant: {
      const JobRecord* record = records_.Find(job->job.name);
      return ToTarget(job, [epoch = record == nullptr ? 0 : record->epoch](SlotMoves* target, const ImportPtr& import) {
        import->epoch = epoch;
        target->Do(import, import->machine.OnGrant());
      });
    }
    case ExportDo::kAskOutcome: return Ask(job);
    case ExportDo::kTakeBack: {
      RemoveRecord(job->job.name);
      Announce(job->job.name);
      return Save(nullptr);
    }
    case ExportDo::kCloseLink:
      wires_->Close(job->wire, *host_);
      job->wire = 0;
      return;
    case ExportDo::kEnded: {
      job->walking = false;
      world_->Trace(host_, "export " + job->job.name.substr(0, 8) + ": " + std::string(StateWord(job->machine.state())) + " " + job->machine.message());
      if (job->machine.state() != ExportState::kSuccess || !adopted_) return;
      ++succeeded_;
      PutRecord({RecordKind::kDrop, job->job, 0});
      Announce(job->job.name);
      Save(nullptr);
      cleaning_ |= job->job.slots;
      return;
    }
  }
}

void SlotMoves::Connect(const ExportPtr& job) {
  const auto target = core().MasterOf(job->job.target, job->job.target_shard);
  Host* to = target && target->id == job->job.target ? world_->HostOfIp(target->address.ip) : nullptr;
  if (to == nullptr) return Do(job, job->machine.Fail(NowMs(), "The target is not reachable"));
  wires_->Open(host_, to, [this, job](uint64_t wire) {
    if (job->ended()) return wires_->Close(wire, *host_);
    if (wire == 0) return Do(job, job->machine.Fail(NowMs(), "Unable to connect to the target"));
    job->wire = wire;
    wires_->OnClosed(wire, *host_, [this, job, wire] {
      if (job->wire != wire) return;
      job->wire = 0;
      Do(job, job->machine.OnLinkLost(NowMs(), "closed"));
    });
    Do(job, job->machine.OnConnected(NowMs()));
  });
}

void SlotMoves::ToTarget(const ExportPtr& job, std::function<void(SlotMoves*, const ImportPtr&)> what) {
  if (job->wire == 0) return;
  Host* target = HostOfId(job->job.target);
  if (target == nullptr) return;
  SlotMoves* theirs = find_(*target);
  wires_->Send(job->wire, *host_, [theirs, name = job->job.name, wire = job->wire, what = std::move(what)] {
    const ImportPtr import = theirs->ImportNamed(name);
    if (import != nullptr && import->wire == wire && import->machine.receiving()) what(theirs, import);
  });
}

void SlotMoves::SendValue(const ExportPtr& job, slot::SlotId slot, int64_t value) {
  const int64_t position = ++job->sent;
  ToTarget(job, [slot, value, position](SlotMoves* target, const ImportPtr& import) {
    target->data_->Put(slot, value);
    import->got = position;
  });
}

// What the walk has not reached goes out as it is, before the command: here both are one value.
void SlotMoves::Tap(slot::SlotId slot, int64_t value) {
  for (const ExportPtr& job : exports_) {
    if (!job->ended() && job->machine.streaming() && job->job.slots.Contains(slot)) SendValue(job, slot, value);
  }
}

void SlotMoves::ExportTurn(const ExportPtr& job) {
  migration::ExportFacts facts;
  facts.unacknowledged_bytes = (job->sent - job->acked) * kBytesPerMessage;
  facts.replicas_near = !Paused() && data_->ReplicasHave(0);
  Do(job, job->machine.OnTurn(NowMs(), facts));
  if (!host_->alive() || !job->walking || job->ended()) return;
  for (int i = 0; i < kWalkedPerTurn; ++i) {
    auto it = data_->values().lower_bound(static_cast<slot::SlotId>(job->next_slot));
    while (it != data_->values().end() && !job->job.slots.Contains(it->first)) ++it;
    if (it == data_->values().end()) {
      job->walking = false;
      ToTarget(job, [](SlotMoves* target, const ImportPtr& import) { target->Do(import, import->machine.OnSnapshotEnd()); });
      return Do(job, job->machine.OnSnapshotDone(NowMs()));
    }
    SendValue(job, it->first, it->second);
    job->next_slot = it->first + 1;
  }
}

void SlotMoves::SaveGrant(const ExportPtr& job) {
  if (!adopted_) return;
  const std::string name = job->job.name;
  PutRecord({RecordKind::kGrant, job->job, core().Info().current_epoch});
  Announce(name);
  pending_grants_.push_back({name, data_->offset(), false});
  Save([this, name](bool ok) {
    const ExportPtr waiting = ExportNamed(name);
    if (!ok && waiting != nullptr) return Do(waiting, waiting->machine.OnGrantSafe(NowMs(), false));
    for (PendingGrant& grant : pending_grants_) {
      if (grant.name == name) grant.saved = true;
    }
  });
}

void SlotMoves::CheckGrantAcks() {
  for (size_t i = 0; i < pending_grants_.size();) {
    const PendingGrant grant = pending_grants_[i];
    const ExportPtr job = ExportNamed(grant.name);
    if (job != nullptr && !(grant.saved && ReplicasKnow(grant.offset))) {
      ++i;
      continue;
    }
    pending_grants_.erase(pending_grants_.begin() + static_cast<std::ptrdiff_t>(i));
    if (job != nullptr) Do(job, job->machine.OnGrantSafe(NowMs(), true));
    if (!host_->alive()) return;
  }
}

void SlotMoves::WithdrawGrant(const ExportPtr& job) {
  const std::string& name = job->job.name;
  std::erase_if(pending_grants_, [&name](const PendingGrant& grant) { return grant.name == name; });
  if (!adopted_) return;
  RemoveRecord(name);
  Announce(name);
  Save(nullptr);
}

// One connection, one answer; without one it is asked again.
void SlotMoves::Ask(const ExportPtr& job) {
  if (job->asking && world_->now_us() - job->asked_us < kQuestionUs) return;
  const auto target = core().MasterOf(job->job.target, job->job.target_shard);
  Host* to = target ? world_->HostOfIp(target->address.ip) : nullptr;
  if (to == nullptr) return;
  job->asking = true;
  job->asked_us = world_->now_us();
  SlotMoves* theirs = find_(*to);
  wires_->Open(host_, to, [this, job, theirs](uint64_t wire) {
    if (wire == 0) {
      job->asking = false;
      return;
    }
    wires_->OnClosed(wire, *host_, [job] { job->asking = false; });
    migration::Job asked = job->job;
    asked.source_shard = core().MyShardId();
    wires_->Send(wire, *host_, [this, job, theirs, wire, asked] {
      const auto outcome = theirs->OutcomeOf(asked);
      if (!theirs->host_->alive()) return;
      if (outcome) {
        wires_->Send(wire, *theirs->host_, [this, job, outcome] {
          const bool claimed = *outcome == migration::Outcome::kClaimed && migration::GoneFrom(core(), job->job);
          Do(job, claimed ? job->machine.OnClaimed(NowMs()) : job->machine.OnOutcome(NowMs(), *outcome));
        });
      }
      wires_->Close(wire, *theirs->host_);
    });
  });
}

}  // namespace windlass::sim
