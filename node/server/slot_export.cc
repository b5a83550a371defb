// See slot_export.h.
#include "node/server/slot_export.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "node/base/clock.h"
#include "node/config/config.h"
#include "node/migration/entry_chunk.h"
#include "node/migration/record_rules.h"
#include "node/migration/value_commands.h"
#include "node/net/event_loop.h"
#include "node/observe/stats.h"
#include "node/persistence/value_writer.h"
#include "node/resp/command.h"
#include "node/server/slot_migrations.h"
#include "node/types/number.h"

namespace windlass::server {
namespace {

using migration::ExportDo;
using migration::ExportState;

constexpr int64_t kConnectTimeoutMs = 5000;
constexpr size_t kChunkBytes = 48 << 10;        // entries are sent when there are this many
constexpr size_t kPieceBytes = 64 << 10;        // of a chunk
constexpr size_t kLookBytes = 16 << 10;         // of a large value between two looks at the clock
constexpr int64_t kInFlightBytes = 2 << 20;     // the snapshot waits for the target beyond this
constexpr int64_t kStepUs = 300;                // of the snapshot, a turn
constexpr size_t kMaxLine = 4096;

}  // namespace

SlotExport::SlotExport(SlotMigrations* owner, migration::Job job, migration::ExportMachine machine)
    : owner_(owner), job_(std::move(job)), machine_(std::move(machine)), times_(NowMs()) {}

SlotExport::~SlotExport() {
  open_.clear();
  *alive_ = false;
  CloseLink();
}

int64_t SlotExport::NowMs() const { return owner_->node().loop->NowMs(); }

void SlotExport::Start() { Do(machine_.Start(NowMs())); }

bool SlotExport::Cancel() {
  migration::ExportMachine::Effects effects;
  if (!machine_.Cancel(NowMs(), &effects)) return false;
  Do(effects);
  return true;
}

void SlotExport::Fail(std::string_view why) { Do(machine_.Fail(NowMs(), why)); }
void SlotExport::NoteClaimed() { Do(machine_.OnClaimed(NowMs())); }
void SlotExport::OnGrantSafe(bool ok) { Do(machine_.OnGrantSafe(NowMs(), ok)); }

// --- what the machine asks

void SlotExport::Do(const migration::ExportMachine::Effects& effects) {
  if (!effects.empty()) times_.updated_ms = NowMs();
  for (const ExportDo effect : effects) DoOne(effect);
}

void SlotExport::DoOne(ExportDo effect) {
  owner_->OnStep(migration::Word(effect));
  switch (effect) {
    case ExportDo::kConnect: return Connect();
    case ExportDo::kSendAuth: {
      std::string auth;
      owner_->AppendAuth(&auth);
      connection_->Write(auth);
      return;
    }
    case ExportDo::kSendEstablish: {
      std::vector<std::string> words{"CLUSTER", "SYNCSLOTS", "ESTABLISH", "SOURCE", job_.source.str(),
                                     "NAME", job_.name, "CAPA", "windlass", "SLOTSRANGE"};
      for (const slot::SlotRange& range : job_.slots.Ranges()) {
        words.push_back(std::to_string(range.first));
        words.push_back(std::to_string(range.last));
      }
      const std::vector<std::string_view> argv(words.begin(), words.end());
      std::string out;
      resp::EncodeCommand(argv, &out);
      connection_->Write(out);
      return;
    }
    case ExportDo::kStartSnapshot:
      snapshot_ = owner_->snapshots().Start(job_.slots, this);
      if (snapshot_ == nullptr) Fail("Too many snapshots are under way");
      return;
    case ExportDo::kThrottle:
    case ExportDo::kUnthrottle:
    case ExportDo::kHold:
    case ExportDo::kUnhold: return owner_->RefreshHolds();
    case ExportDo::kSendPaused:
      FlushChunk();
      return SendCommand({"CLUSTER", "SYNCSLOTS", "PAUSED", std::to_string(machine_.number())});
    case ExportDo::kSendResume: return SendCommand({"CLUSTER", "SYNCSLOTS", "RESUME"});
    case ExportDo::kSaveGrant: return owner_->SaveGrant(this);
    case ExportDo::kWithdrawGrant: return owner_->WithdrawGrant(this);
    case ExportDo::kSendGrant:
      return SendCommand({"CLUSTER", "SYNCSLOTS", "FAILOVER-GRANTED", std::to_string(owner_->GrantEpoch(job_.name))});
    case ExportDo::kAskOutcome: return Ask();
    case ExportDo::kTakeBack: return owner_->TakeBack(this);
    case ExportDo::kCloseLink: return CloseLink();
    case ExportDo::kEnded:
      open_.clear();
      snapshot_.reset();
      return owner_->OnExportEnded(this);
  }
}

void SlotExport::Connect() {
  const auto target = owner_->core().MasterOf(job_.target, job_.target_shard);
  if (!target || !(target->id == job_.target) || target->address.ip.empty()) return Fail("The target is not reachable");
  net::ConnectOptions options;
  options.host = target->address.ip;
  options.port = target->address.port;
  options.bind_ip = owner_->node().config->Text("bind-source-addr");
  options.timeout_ms = kConnectTimeoutMs;
  net::Connection::Connect(owner_->node().loop, options,
                           [this, alive = alive_](base::Result<std::unique_ptr<net::Connection>> made) {
                             if (!*alive || ended()) return;
                             if (!made.ok()) return Fail("Unable to connect to the target: " + made.error());
                             connection_ = std::move(*made);
                             connection_->SetHandler(this);
                             Do(machine_.OnConnected(NowMs()));
                           });
}

void SlotExport::CloseLink() {
  if (connection_ == nullptr) return;
  connection_->SetHandler(nullptr);
  connection_->Flush();
  connection_->Close("the migration is over");
  owner_->node().loop->DeleteLater(std::move(connection_));
}

void SlotExport::Ask() {
  if (question_ != nullptr && !question_->ended()) return;
  const auto target = owner_->core().MasterOf(job_.target, job_.target_shard);
  if (!target || target->address.ip.empty()) return;
  net::ConnectOptions options;
  options.host = target->address.ip;
  options.port = target->address.port;
  options.bind_ip = owner_->node().config->Text("bind-source-addr");
  options.timeout_ms = kConnectTimeoutMs;
  std::string request;
  const int replies = owner_->AppendAuth(&request) ? 2 : 1;
  const std::string shard = owner_->core().MyShardId().str();
  const std::string ranges = migration::RangesText(job_.slots);
  const std::string_view words[] = {"CLUSTER", "SYNCSLOTS", "OUTCOME", job_.name, shard, ranges};
  resp::EncodeCommand(words, &request);
  question_ = std::make_shared<OutcomeQuestion>(owner_->node().loop);
  question_->Begin(options, std::move(request), replies, [this, alive = alive_](std::optional<migration::Outcome> outcome) {
    if (!*alive || !outcome) return;
    const bool claimed = *outcome == migration::Outcome::kClaimed && migration::GoneFrom(owner_->core(), job_);
    Do(claimed ? machine_.OnClaimed(NowMs()) : machine_.OnOutcome(NowMs(), *outcome));
  });
}

// --- the link

size_t SlotExport::OnBytes(net::Connection&, std::string_view bytes) {
  size_t used = 0;
  while (connection_ != nullptr) {
    const size_t end = bytes.find("\r\n", used);
    if (end == std::string_view::npos) {
      if (bytes.size() - used > kMaxLine) Fail("The target does not speak this protocol");
      return used;
    }
    const std::string line(bytes.substr(used, end - used));
    used = end + 2;
    OnLine(line);
  }
  return bytes.size();
}

void SlotExport::OnLine(std::string_view line) {
  const int64_t now_ms = NowMs();
  const auto number_after = [line](std::string_view word) -> std::optional<int64_t> {
    int64_t value = 0;
    if (line.substr(0, word.size()) != word) return std::nullopt;
    const std::string_view digits = line.substr(word.size());
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() ? std::make_optional(value) : std::nullopt;
  };
  if (const auto position = number_after("+ACK ")) {
    if (*position > acked_ && *position <= marked_) acked_ = *position;
    times_.heard_ms = now_ms;
    return Do(machine_.OnAcknowledged(now_ms));
  }
  if (const auto number = number_after("+READY ")) return Do(machine_.OnReady(now_ms, static_cast<uint64_t>(*number)));
  Do(machine_.OnReply(now_ms, line));
}

void SlotExport::OnClosed(net::Connection&, std::string_view reason) {
  owner_->node().loop->DeleteLater(std::move(connection_));
  Do(machine_.OnLinkLost(NowMs(), reason));
}

void SlotExport::Send(std::string_view bytes) {
  if (connection_ == nullptr) return;
  connection_->Write(bytes);
  sent_ += static_cast<int64_t>(bytes.size());
}

void SlotExport::SendCommand(std::initializer_list<std::string_view> words) {
  if (connection_ == nullptr) return;
  std::string out;
  resp::EncodeCommand(std::span(words.begin(), words.size()), &out);
  connection_->Write(out);
}

// --- the stream

void SlotExport::OnEntry(int, slot::SlotId, const keyspace::Entry& entry) {
  if (persistence::ValueWriter::Cuts(entry)) return Open(entry);
  migration::AppendEntry(entry, &chunk_);
  if (chunk_.size() >= kChunkBytes) FlushChunk();
}

void SlotExport::FlushChunk() {
  std::string framed;
  std::string_view rest = chunk_;
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, kPieceBytes);
    migration::AppendChunkCommand(piece, &framed);
    rest.remove_prefix(piece.size());
  }
  chunk_.clear();
  Emit(framed);
}

void SlotExport::Emit(std::string_view bytes) {
  if (open_.empty()) return Send(bytes);
  open_.back().behind.append(bytes);
}

void SlotExport::Open(const keyspace::Entry& entry) {
  if (entry.type() == types::Type::kString) {
    char digits[types::kMaxIntegerDigits];
    migration::AppendStringHead(entry, entry.Text(digits).size(), &chunk_);
  }
  FlushChunk();
  auto form = std::make_unique<migration::ValueCommands>(entry);
  open_.push_back({std::make_unique<persistence::ValueWriter>(entry, std::move(form)), {}});
}

void SlotExport::StepOpen() {
  const base::SystemClock clock;  // the loop's stands still within a turn
  const int64_t end_us = clock.MonotonicUs() + kStepUs;
  std::string out;
  while (!open_.empty() && Unacknowledged() <= kInFlightBytes) {
    out.clear();
    const bool whole = open_.front().value->Step(kLookBytes, &out);
    Send(out);
    if (whole) {
      Send(open_.front().behind);
      open_.pop_front();
    }
    if (clock.MonotonicUs() >= end_us) return;
  }
}

void SlotExport::BeforeEntryChanges(const keyspace::Entry& entry) {
  for (const OpenValue& open : open_) open.value->BeforeChange(entry);
}

void SlotExport::BeforeManyChange() {
  for (const OpenValue& open : open_) open.value->BeforeAnyChange();
}

int64_t SlotExport::Waiting() const {
  size_t bytes = 0;
  for (const OpenValue& open : open_) bytes += open.behind.size() + open.value->pending();
  return static_cast<int64_t>(bytes);
}

void SlotExport::Tap(std::span<const std::string_view> argv, std::span<const std::string_view> keys) {
  if (!machine_.streaming()) return;
  if (snapshot_ != nullptr) {
    keyspace::Database& db = owner_->node().keyspace->db(0);
    for (const std::string_view key : keys) snapshot_->Capture(db, slot::KeySlot(key), key);
  }
  resp::EncodeCommand(argv, &unit_);
  ++unit_commands_;
}

void SlotExport::TapUnitEnd() {
  if (unit_commands_ == 0) return;
  FlushChunk();
  if (unit_commands_ > 1) Emit("*1\r\n$5\r\nMULTI\r\n");
  Emit(unit_);
  if (unit_commands_ > 1) Emit("*1\r\n$4\r\nEXEC\r\n");
  unit_.clear();
  unit_commands_ = 0;
}

void SlotExport::StepSnapshot() {
  if (Unacknowledged() > kInFlightBytes) return;
  if (!open_.empty()) return StepOpen();
  const snapshot::SnapshotState state = snapshot_->Step(kStepUs);
  if (state == snapshot::SnapshotState::kAborted) return Fail("Snapshot failed: " + std::string(snapshot_->abort_reason()));
  if (state != snapshot::SnapshotState::kDone) return;
  FlushChunk();
  if (!open_.empty()) return;  // the walk is done; what it opened is not
  snapshot_.reset();
  SendCommand({"CLUSTER", "SYNCSLOTS", "SNAPSHOT-EOF"});
  Do(machine_.OnSnapshotDone(NowMs()));
}

bool SlotExport::AtTurnEnd() {
  migration::ExportFacts facts;
  facts.unacknowledged_bytes = Unacknowledged() + Waiting();
  facts.replicas_near = owner_->ReplicasNear();
  facts.may_snapshot = owner_->MaySnapshot();
  Do(machine_.OnTurn(NowMs(), facts));
  if (snapshot_ != nullptr) StepSnapshot();
  if (connection_ != nullptr && sent_ != marked_) {
    marked_ = sent_;
    SendCommand({"CLUSTER", "SYNCSLOTS", "MARK", std::to_string(sent_)});
  }
  if (snapshot_ == nullptr || Unacknowledged() > kInFlightBytes) return false;
  // While clients are served the process sleeps between steps, as for any snapshot.
  const uint64_t served = owner_->node().stats->commands_processed;
  const bool idle = served == std::exchange(served_before_step_, served);
  owner_->node().loop->After(idle ? 0 : 1, [] {});
  return idle;
}

commands::MigrationReport SlotExport::Report() const {
  commands::MigrationReport report = ReportOf(job_, machine_, times_);
  report.remaining_bytes = ended() ? 0 : Unacknowledged() + Waiting();
  return report;
}

}  // namespace windlass::server
