// One atomic migration as its source: the link to the target, the stream on it, and
// doing what the machine asks.
//
// The stream. A snapshot of the slots and the log's commands on them share one
// FIFO: before a command goes out, every key it names that the snapshot has not
// reached is sent as it is, so the target can run commands from the first moment
// and nothing is buffered. A large value goes as commands, in steps (ValueCommands); what
// comes meanwhile waits behind it, and counts as what the target has still to
// acknowledge, so writers are slowed before it grows. Positions count the stream's
// bytes; the target is told its position by MARK and says how far it has got.
//
// Loop thread. Owned by SlotMigrations, which outlives it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "node/commands/slot_migration_port.h"
#include "node/migration/export_machine.h"
#include "node/net/connection.h"
#include "node/server/job_report.h"
#include "node/server/outcome_question.h"
#include "node/snapshot/snapshot.h"

namespace windlass::persistence {
class ValueWriter;
}

namespace windlass::server {

class SlotMigrations;

class SlotExport final : private net::ByteHandler, private snapshot::SnapshotSink {
 public:
  SlotExport(SlotMigrations* owner, migration::Job job, migration::ExportMachine machine);
  ~SlotExport() override;

  void Start();
  bool Cancel();
  void Fail(std::string_view why);
  // The job's slots have another owner now.
  void NoteClaimed();
  void OnGrantSafe(bool ok);
  // Before the log is written; true if it has more to do at once.
  bool AtTurnEnd();

  // --- the log's commands, as they are appended.
  void Tap(std::span<const std::string_view> argv, std::span<const std::string_view> keys);
  void TapUnitEnd();

  const migration::Job& job() const { return job_; }
  const migration::ExportMachine& machine() const { return machine_; }
  bool snapshotting() const { return snapshot_ != nullptr; }
  bool ended() const { return migration::Ended(machine_.state()); }
  commands::MigrationReport Report() const;

 private:
  size_t OnBytes(net::Connection&, std::string_view bytes) override;
  void OnClosed(net::Connection&, std::string_view reason) override;
  void OnEntry(int db, slot::SlotId slot, const keyspace::Entry& entry) override;
  void BeforeEntryChanges(const keyspace::Entry& entry) override;
  void BeforeManyChange() override;
  void OnLine(std::string_view line);
  void Do(const migration::ExportMachine::Effects& effects);
  void DoOne(migration::ExportDo effect);
  void Connect();
  void CloseLink();
  void Ask();
  void StepSnapshot();
  // A large value is sent in steps; what is to follow it waits.
  void Open(const keyspace::Entry& entry);
  void StepOpen();
  // Into the stream, behind the values that are open.
  void Emit(std::string_view bytes);
  // Counted as stream, or not.
  void Send(std::string_view bytes);
  void SendCommand(std::initializer_list<std::string_view> words);
  void FlushChunk();
  int64_t NowMs() const;
  int64_t Unacknowledged() const { return sent_ - acked_; }
  int64_t Waiting() const;  // bytes behind open values

  SlotMigrations* owner_;
  const migration::Job job_;
  migration::ExportMachine machine_;
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<snapshot::Snapshot> snapshot_;
  std::shared_ptr<OutcomeQuestion> question_;
  std::string chunk_;      // entries not yet sent
  struct OpenValue {
    std::unique_ptr<persistence::ValueWriter> value;
    std::string behind;  // what follows it in the stream
  };
  std::deque<OpenValue> open_;  // oldest first
  std::string unit_;       // commands of the open unit of the log
  int unit_commands_ = 0;
  int64_t sent_ = 0;       // position of the stream
  int64_t marked_ = 0;     // the target was told this position
  int64_t acked_ = 0;      // 0 <= acked_ <= marked_ <= sent_
  JobTimes times_;
  uint64_t served_before_step_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace windlass::server
