// A point-in-time view of all databases, or of a set of slots, produced in small
// steps with writes between them.
//
// How it stays consistent. The view walks tables in order of position, so "already
// visited" is a comparison. Before an entry that was not visited changes, it is
// given to the sink as it still is, and marked; an entry that appears later where
// the walk has not been is marked at birth. The walk skips marked entries and
// clears their mark, so that after a full walk no mark is left. Entries therefore
// reach the sink out of order, each exactly once, all as at the start; the extra
// memory is what the sink holds of changed entries, nothing per key.
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "node/keyspace/keyspace.h"
#include "node/keyspace/observers.h"
#include "node/slot/slot_set.h"

namespace windlass::snapshot {

class SnapshotSink {
 public:
  virtual ~SnapshotSink() = default;
  // The entry as at the start. May not change keys nor keep the reference.
  virtual void OnEntry(int db, slot::SlotId slot, const keyspace::Entry& entry) = 0;
  // An entry was taken because it was about to change: the place to weigh memory.
  // False aborts the snapshot.
  virtual bool AfterCapture() { return true; }
  // For a sink that reads a large entry in steps: this one is about to change, or any
  // may. Also called when the walk is done.
  virtual void BeforeEntryChanges(const keyspace::Entry& entry) {}
  virtual void BeforeManyChange() {}
};

enum class SnapshotState {
  kRunning,
  kDone,
  kAborted,  // see abort_reason()
};

class Engine;

class Snapshot final : public keyspace::ChangeObserver {
 public:
  // A snapshot that is destroyed early leaves marks, which the engine clears.
  ~Snapshot() override;
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // Works for about `budget_us` (at least one small group of entries).
  SnapshotState Step(int64_t budget_us);
  void Abort(std::string_view reason);
  SnapshotState state() const { return state_; }
  std::string_view abort_reason() const { return abort_reason_; }
  uint64_t entries() const { return entries_; }    // given to the sink so far
  uint64_t captured() const { return captured_; }  // of them, because they were to change

  // A flush or dropped slot that would need more entries than this at once ends
  // the snapshot: whoever wanted it takes a new one of what is left.
  static constexpr uint64_t kMaxEntriesByDrop = 20000;

  // Gives this key to the sink now, as if it were about to change: for a reader of
  // the log whose next command reads it. Nothing happens if it was given already.
  void Capture(keyspace::Database& db, slot::SlotId slot, std::string_view key);

  void BeforeChange(keyspace::Database& db, slot::SlotId slot, keyspace::Entry& entry) override;
  void AfterInsert(keyspace::Database& db, slot::SlotId slot, keyspace::Entry& entry) override;
  void BeforeDrop(keyspace::Database& db, slot::SlotId slot) override;
  void BeforeSwap(keyspace::Database& a, keyspace::Database& b) override;

 private:
  friend class Engine;
  Snapshot(Engine* engine, uint8_t mark, slot::SlotSet slots, SnapshotSink* sink);

  bool Wants(slot::SlotId slot, const keyspace::Database& db) const;
  bool Visited(const keyspace::Database& db, slot::SlotId slot, std::string_view key) const;
  void Visit(keyspace::Database& db, slot::SlotId slot, keyspace::Entry& entry);
  bool NextTable();

  Engine* engine_;
  const uint8_t mark_;
  const slot::SlotSet slots_;
  SnapshotSink* sink_;
  SnapshotState state_ = SnapshotState::kRunning;
  std::string_view abort_reason_;
  // Everything before (db_, slot_, position_) was visited.
  int db_ = 0;
  int slot_ = 0;
  uint64_t position_ = 0;
  uint64_t entries_ = 0;
  uint64_t captured_ = 0;
  uint64_t dropped_ = 0;
};

// Hands out marks, and clears those of snapshots that ended early.
class Engine final : public keyspace::ChangeObserver {
 public:
  explicit Engine(keyspace::Keyspace* keyspace);
  ~Engine() override;

  // The view is of this instant. REQUIRES: between commands. Null if eight
  // snapshots are under way or still to be cleaned up. `sink` outlives it.
  std::unique_ptr<Snapshot> Start(const slot::SlotSet& slots, SnapshotSink* sink);
  std::unique_ptr<Snapshot> StartWhole(SnapshotSink* sink) { return Start(slot::SlotSet::All(), sink); }

  // Clears old marks for about `budget_us`; true if more is left.
  bool CleanStep(int64_t budget_us);
  bool cleaning() const { return stale_marks_ != 0; }
  keyspace::Keyspace& keyspace() { return *keyspace_; }

  void BeforeChange(keyspace::Database&, slot::SlotId, keyspace::Entry&) override {}
  void AfterInsert(keyspace::Database&, slot::SlotId, keyspace::Entry&) override {}
  void BeforeDrop(keyspace::Database&, slot::SlotId) override {}
  void BeforeSwap(keyspace::Database& a, keyspace::Database& b) override;

 private:
  friend class Snapshot;
  void Retire(uint8_t mark, bool clean);
  void RestartCleaning();

  keyspace::Keyspace* keyspace_;
  uint8_t marks_in_use_ = 0;   // running or stale
  uint8_t stale_marks_ = 0;    // ended early: to be cleared from every entry
  uint8_t cleaning_marks_ = 0; // those the walk under way clears
  int db_ = 0;
  int slot_ = 0;
  uint64_t position_ = 0;
};

}  // namespace windlass::snapshot
