// The bytes of an RDB of everything there is now, made in steps while writes go
// on: a snapshot whose sink is an RdbWriter. Files and sockets take from it.
// Loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.h"
#include "node/persistence/rdb_writer.h"
#include "node/snapshot/snapshot.h"

namespace windlass::persistence {

struct RdbStreamOptions {
  RdbHeader header;
  RdbWriterOptions writer;
  std::vector<std::string> functions;  // libraries' code
  bool keys = true;                    // false: no snapshot is taken, the file holds the rest
  // Asked after each entry taken because it was to change, with the bytes not yet
  // taken; false ends the snapshot.
  std::function<bool(size_t pending)> after_capture;
};

class RdbStream final : private snapshot::SnapshotSink {
 public:
  // Null if a snapshot is needed and none can be started. REQUIRES: between commands.
  static std::unique_ptr<RdbStream> Start(snapshot::Engine* engine, RdbStreamOptions options);
  ~RdbStream() override;

  snapshot::SnapshotState Step(int64_t budget_us);
  snapshot::SnapshotState state() const {
    if (snapshot_ == nullptr) return ended_ ? snapshot::SnapshotState::kDone : snapshot::SnapshotState::kRunning;
    const snapshot::SnapshotState state = snapshot_->state();
    return state == snapshot::SnapshotState::kDone && writer_.open() ? snapshot::SnapshotState::kRunning : state;
  }
  std::string_view abort_reason() const { return snapshot_ == nullptr ? std::string_view() : snapshot_->abort_reason(); }
  void Abort(std::string_view reason) {
    if (snapshot_ != nullptr) snapshot_->Abort(reason);
  }
  size_t pending() const { return writer_.pending(); }
  std::string Take() { return writer_.Take(); }
  uint64_t keys() const { return snapshot_ == nullptr ? 0 : snapshot_->entries(); }
  uint64_t captured() const { return snapshot_ == nullptr ? 0 : snapshot_->captured(); }

 private:
  explicit RdbStream(RdbStreamOptions options);
  void OnEntry(int db, slot::SlotId slot, const keyspace::Entry& entry) override;
  bool AfterCapture() override;
  void BeforeEntryChanges(const keyspace::Entry& entry) override { writer_.BeforeChange(entry); }
  void BeforeManyChange() override { writer_.BeforeAnyChange(); }

  RdbStreamOptions options_;
  RdbWriter writer_;
  std::unique_ptr<snapshot::Snapshot> snapshot_;  // null if keys are not wanted
  struct DbSize {
    uint64_t keys;
    uint64_t expires;
    bool announced = false;
  };
  std::vector<DbSize> sizes_;  // at the start
  int current_db_ = -1;
  bool ended_ = false;
};

}  // namespace windlass::persistence
