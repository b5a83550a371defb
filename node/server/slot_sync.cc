// SlotMigrations: CLUSTER SYNCSLOTS, what nodes say to each other. From a source to
// its target: ESTABLISH, then CHUNK, commands, MARK, SNAPSHOT-EOF, PAUSED, RESUME,
// FAILOVER-GRANTED; the target answers by the lines +ACK and +READY. From a source
// in doubt: OUTCOME. In the log to replicas: STATE, and STABLE before what is open by
// CLUSTER SETSLOT is told anew.
#include <charconv>
#include <utility>

#include "node/base/letter_case.h"
#include "node/commands/command.h"
#include "node/migration/record_rules.h"
#include "node/net/event_loop.h"
#include "node/replication/replica_side.h"
#include "node/server/slot_migrations.h"

namespace windlass::server {
namespace {

using base::EqualsNoCase;

bool ParseNumber(std::string_view text, uint64_t* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

struct EstablishWords {
  std::string name;
  cluster::NodeId source;
  bool speaks_this = false;
  slot::SlotSet slots;
};

bool ParseEstablish(std::span<const std::string_view> args, EstablishWords* words) {
  for (size_t i = 3; i < args.size();) {
    if (EqualsNoCase(args[i], "SLOTSRANGE")) {
      for (++i; i + 1 < args.size(); i += 2) {
        uint64_t first = 0;
        uint64_t last = 0;
        if (!ParseNumber(args[i], &first) || !ParseNumber(args[i + 1], &last) || first > last ||
            last >= slot::kSlotCount) {
          return false;
        }
        words->slots.Add(slot::SlotRange{static_cast<slot::SlotId>(first), static_cast<slot::SlotId>(last)});
      }
      return i == args.size() && !words->slots.empty() && !words->source.null() && !words->name.empty();
    }
    if (i + 1 >= args.size()) return false;
    const std::string_view value = args[i + 1];
    const auto id = cluster::NodeId::Parse(value);
    if (EqualsNoCase(args[i], "SOURCE") && id) {
      words->source = *id;
    } else if (EqualsNoCase(args[i], "NAME") && id) {
      words->name = value;
    } else if (EqualsNoCase(args[i], "CAPA")) {
      words->speaks_this |= EqualsNoCase(value, "windlass");
    } else {
      return false;
    }
    i += 2;
  }
  return false;
}

}  // namespace

void SlotMigrations::Sync(commands::Call& call) {
  call.effects.Suppress();
  const std::string_view word = call.args[2];
  if (call.client.Has(client::kAofLoader)) return;
  if (call.client.Has(client::kMasterLink)) {
    if (EqualsNoCase(word, "STATE")) LearnRecord(call);
    if (EqualsNoCase(word, "STABLE")) parts_.cluster->MirrorNothingOpen();
    return;
  }
  if (SlotImport* job = ImportOf(call.client.id)) return FromSource(call, job, word);
  if (EqualsNoCase(word, "ESTABLISH")) return Establish(call);
  if (EqualsNoCase(word, "OUTCOME")) return AnswerOutcome(call);
  call.reply.Error("ERR CLUSTER SYNCSLOTS is for nodes of the cluster among themselves");
}

// --- as the target

void SlotMigrations::Establish(commands::Call& call) {
  EstablishWords words;
  if (!ParseEstablish(call.args, &words)) return call.reply.Error(commands::kSyntaxError);
  if (!words.speaks_this) return call.reply.Error("ERR The source speaks another form of slot migration");
  if (call.client.Has(client::kDenyBlocking | client::kMulti)) return call.reply.Error(commands::kSyntaxError);
  if (!adopted_ || !core().IsMaster()) return call.reply.Error("ERR Slot migration can only be used on primary nodes.");
  if (!parts_.durability->primary().AllKnowSlotJobs()) {
    return call.reply.Error("ERR A replica of the target does not know atomic slot migration");
  }
  if (OverMemoryLimit()) return call.reply.Error("OOM command not allowed when used memory > 'maxmemory'.");
  if (Busy(words.slots) || records_.Find(words.name) != nullptr) {
    return call.reply.Error("ERR Slot is already being imported on the target by a different migration");
  }
  for (int s = words.slots.Next(0); s >= 0; s = words.slots.Next(s + 1)) {
    const auto slot = static_cast<slot::SlotId>(s);
    const auto owner = core().OwnerOf(slot);
    if (!owner || !(*owner == words.source)) {
      return call.reply.Error("ERR Target node does not agree about current slot ownership");
    }
    if (core().RouteOf(slot).kind != cluster::RouteKind::kMoved) {
      return call.reply.Error("ERR Slot " + std::to_string(s) + " is open on the target: close it before");
    }
  }
  // What an earlier failure left must not mix with what comes.
  cleaner_.Add(words.slots);
  cleaner_.FinishNow(words.slots);
  ForgetEmptiedSlots();
  migration::Job job;
  job.name = words.name;
  job.source = words.source;
  job.target = core().MyId();
  job.source_shard = core().ShardOf(words.source);
  job.target_shard = core().MyShardId();
  job.slots = words.slots;
  node().log->Notice("Slot migration " + job.name + " from " + job.source.str() + " begins: " +
                     migration::RangesText(job.slots));
  PutRecord({migration::RecordKind::kImport, job, 0});
  Announce(job.name);
  imports_.push_back(std::make_unique<SlotImport>(this, std::move(job), migration::ImportMachine(), call.client.id));
  RefreshHolds();
  const uint64_t id = call.client.id;
  node().blocker->Block(call.client, 0, [](client::Client& client, commands::WakeReason reason) {
    if (reason != commands::WakeReason::kReady) return;
    client.reply.Ok();
    client.Set(client::kImporting | client::kReplyOff);
  });
  Save([this, id, name = words.name](bool saved) { OnEstablished(id, name, saved); });
}

void SlotMigrations::OnEstablished(uint64_t client_id, const std::string& name, bool saved) {
  SlotImport* job = ImportNamed(name);
  if (job == nullptr || !job->machine().receiving()) return;
  if (!saved) return job->Fail("The record of the import could not be saved");
  node().blocker->Wake(client_id);
}

void SlotMigrations::FromSource(commands::Call& call, SlotImport* job, std::string_view word) {
  if (job->failing() || !job->machine().receiving()) return;
  std::string error;
  uint64_t number = 0;
  const bool numbered = call.args.size() > 3 && ParseNumber(call.args[3], &number);
  if (EqualsNoCase(word, "CHUNK") && call.args.size() == 4) {
    if (!job->OnChunk(call.args[3], &error)) job->FailSoon(error);
  } else if (EqualsNoCase(word, "MARK") && numbered) {
    job->OnMark(static_cast<int64_t>(number));
  } else if (EqualsNoCase(word, "SNAPSHOT-EOF")) {
    if (!job->OnSnapshotEnd(&error)) job->FailSoon(error);
  } else if (EqualsNoCase(word, "PAUSED") && numbered) {
    job->OnPaused(number);
  } else if (EqualsNoCase(word, "RESUME")) {
    job->OnResume();
  } else if (EqualsNoCase(word, "FAILOVER-GRANTED") && numbered) {
    job->OnGrant(number);
  } else {
    job->FailSoon("Unknown SYNCSLOTS subcommand used");
  }
}

void SlotMigrations::OnStreamRefused(const client::Client& source, std::string_view command) {
  SlotImport* job = ImportOf(source.id);
  if (job == nullptr || !job->machine().receiving() || job->failing()) return;
  job->FailSoon("The target refused " + std::string(command.substr(0, 64)) + ", which the source had executed");
}

void SlotMigrations::AnswerOutcome(commands::Call& call) {
  migration::JobRecord asked;
  const auto shard = cluster::NodeId::Parse(call.args.size() == 6 ? call.args[4] : std::string_view());
  if (!shard || !migration::ParseRanges(call.args[5], &asked.job.slots)) return call.reply.Error(commands::kSyntaxError);
  if (!adopted_ || !core().IsMaster() || core().OnProbation() || node().status.loading) {
    return call.reply.Error("TRYAGAIN This node cannot tell yet");
  }
  const std::string name(call.args[3]);
  if (SlotImport* job = ImportNamed(name); job != nullptr && job->machine().receiving()) {
    job->Fail("The source asked for the outcome before it had granted anything");
  }
  switch (migration::OutcomeOf(core(), records_.Find(name), file_.settled(), *shard, asked.job.slots)) {
    case migration::Outcome::kNone: return call.reply.Simple("NONE");
    case migration::Outcome::kPending: return call.reply.Simple("PENDING");
    case migration::Outcome::kClaimed: return call.reply.Simple("CLAIMED");
  }
}

// --- as a replica

// A grant is on disk here before this replica's next acknowledgement leaves, which
// is what its master waits for. It is rare and small, so it is written at once. Where it
// cannot be written nothing is acknowledged until it is (AtTurnEnd tries again).
void SlotMigrations::LearnRecord(commands::Call& call) {
  const std::span<const std::string_view> words = call.args.subspan(3);
  if (words.size() == 2 && words[0] == "none") {
    const std::string name(words[1]);
    const migration::JobRecord* over = records_.Find(name);
    if (over == nullptr) return;
    parts_.cluster->MirrorTaken(migration::TakenByMaster(core(), *over), core().MyMaster().value_or(core().MyId()));
    RemoveRecord(name);
    return Save(nullptr);
  }
  if (!words.empty() && words[0] == migration::kOnlyWord) {
    const std::vector<std::string> gone = records_.NotAmong(words.subspan(1));
    for (const std::string& name : gone) RemoveRecord(name);
    if (!gone.empty()) Save(nullptr);
    return;
  }
  const auto record = migration::ParseRecordWords(words);
  if (!record) return;
  const migration::JobRecord* known = records_.Find(record->job.name);
  if (known != nullptr && migration::RecordWords(*known) == migration::RecordWords(*record)) return;
  parts_.cluster->MirrorTaken(migration::TakenFromMaster(core(), *record), record->job.target);
  PutRecord(*record);
  const bool binds = record->kind == migration::RecordKind::kGrant || record->kind == migration::RecordKind::kImportGranted;
  if (!binds) return Save(nullptr);
  if (file_.SaveNow(records_)) return;
  grant_unsaved_ = true;
  node().replica_side->SetMute(true);
}

}  // namespace windlass::server
