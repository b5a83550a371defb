// See snapshot.h.
#include "node/snapshot/snapshot.h"

#include "node/base/clock.h"

namespace windlass::snapshot {
namespace {

using keyspace::Database;
using keyspace::Entry;
using keyspace::SlotTable;

// How many groups of entries are walked between two looks at the clock.
constexpr int kGroupsPerLook = 8;

// The next slot >= from that has keys, -1 if none. One table stands for a whole
// database outside cluster mode.
int NextOccupied(const Database& db, int from, const slot::SlotSet* wanted) {
  if (!db.slotted()) return from == 0 && db.size() > 0 ? 0 : -1;
  int slot = db.occupied_slots().Next(from);
  while (slot >= 0 && wanted != nullptr && !wanted->Contains(static_cast<slot::SlotId>(slot))) {
    slot = db.occupied_slots().Next(slot + 1);
  }
  return slot;
}

class Budget {
 public:
  explicit Budget(int64_t budget_us) : end_us_(clock_.MonotonicUs() + budget_us) {}
  bool Spent() { return ++groups_ % kGroupsPerLook == 0 && clock_.MonotonicUs() >= end_us_; }

 private:
  base::SystemClock clock_;
  int64_t end_us_;
  int groups_ = 0;
};

}  // namespace

Snapshot::Snapshot(Engine* engine, uint8_t mark, slot::SlotSet slots, SnapshotSink* sink)
    : engine_(engine), mark_(mark), slots_(slots), sink_(sink) {
  engine_->keyspace().AddObserver(this);
}

Snapshot::~Snapshot() {
  engine_->keyspace().RemoveObserver(this);
  engine_->Retire(mark_, state_ == SnapshotState::kDone);
}

void Snapshot::Abort(std::string_view reason) {
  if (state_ != SnapshotState::kRunning) return;
  state_ = SnapshotState::kAborted;
  abort_reason_ = reason;
}

bool Snapshot::Wants(slot::SlotId slot, const Database& db) const {
  return state_ == SnapshotState::kRunning && (!db.slotted() || slots_.Contains(slot));
}

bool Snapshot::Visited(const Database& db, slot::SlotId slot, std::string_view key) const {
  if (db.index() != db_) return db.index() < db_;
  if (slot != slot_) return slot < slot_;
  return db.PositionOf(key) < position_;
}

void Snapshot::Visit(Database& db, slot::SlotId slot, Entry& entry) {
  if ((entry.marks() & mark_) != 0) {
    entry.set_marks(entry.marks() & ~mark_);
    return;
  }
  ++entries_;
  sink_->OnEntry(db.index(), slot, entry);
}

bool Snapshot::NextTable() {
  keyspace::Keyspace& keyspace = engine_->keyspace();
  while (db_ < keyspace.database_count()) {
    const int found = NextOccupied(keyspace.db(db_), slot_, &slots_);
    if (found >= 0) {
      if (found != slot_) position_ = 0;
      slot_ = found;
      return true;
    }
    ++db_;
    slot_ = 0;
    position_ = 0;
  }
  return false;
}

SnapshotState Snapshot::Step(int64_t budget_us) {
  Budget budget(budget_us);
  while (state_ == SnapshotState::kRunning) {
    if (!NextTable()) {
      state_ = SnapshotState::kDone;
      break;
    }
    Database& db = engine_->keyspace().db(db_);
    const slot::SlotId slot = static_cast<slot::SlotId>(slot_);
    position_ = db.WalkSlot(slot, position_, [&](Entry& entry) { Visit(db, slot, entry); });
    if (position_ == SlotTable::kEnd) {
      ++slot_;
      position_ = 0;
      if (!db.slotted()) {
        ++db_;
        slot_ = 0;
      }
    }
    if (budget.Spent()) break;
  }
  return state_;
}

void Snapshot::BeforeChange(Database& db, slot::SlotId slot, Entry& entry) {
  if (Wants(slot, db) && (entry.marks() & mark_) == 0 && !Visited(db, slot, entry.key())) {
    ++entries_;
    ++captured_;
    sink_->OnEntry(db.index(), slot, entry);
    entry.set_marks(entry.marks() | mark_);
    if (!sink_->AfterCapture()) Abort("changes came faster than they could be stored");
  }
  // Also if it has only now been begun.
  sink_->BeforeEntryChanges(entry);
}

void Snapshot::Capture(Database& db, slot::SlotId slot, std::string_view key) {
  if (!Wants(slot, db)) return;
  if (Entry* entry = db.Peek(slot, key)) BeforeChange(db, slot, *entry);
}

void Snapshot::AfterInsert(Database& db, slot::SlotId slot, Entry& entry) {
  if (Wants(slot, db) && !Visited(db, slot, entry.key())) entry.set_marks(entry.marks() | mark_);
}

void Snapshot::BeforeDrop(Database& db, slot::SlotId slot) {
  sink_->BeforeManyChange();
  if (!Wants(slot, db)) return;
  dropped_ += db.SlotSize(slot);
  if (dropped_ > kMaxEntriesByDrop) return Abort("many keys were flushed at once");
  db.ForEachInSlot(slot, [&](Entry& entry) {
    if ((entry.marks() & mark_) != 0 || Visited(db, slot, entry.key())) return;
    ++entries_;
    ++captured_;
    sink_->OnEntry(db.index(), slot, entry);
    entry.set_marks(entry.marks() | mark_);
  });
  sink_->BeforeManyChange();  // what was begun just now
  if (!sink_->AfterCapture()) Abort("changes came faster than they could be stored");
}

void Snapshot::BeforeSwap(Database& a, Database& b) {
  Abort("two databases changed places");
}

Engine::Engine(keyspace::Keyspace* keyspace) : keyspace_(keyspace) { keyspace_->AddObserver(this); }

Engine::~Engine() { keyspace_->RemoveObserver(this); }

std::unique_ptr<Snapshot> Engine::Start(const slot::SlotSet& slots, SnapshotSink* sink) {
  const uint8_t free_marks = static_cast<uint8_t>(~marks_in_use_);
  if (free_marks == 0) return nullptr;
  const uint8_t mark = static_cast<uint8_t>(free_marks & -free_marks);
  marks_in_use_ |= mark;
  return std::unique_ptr<Snapshot>(new Snapshot(this, mark, slots, sink));
}

void Engine::Retire(uint8_t mark, bool clean) {
  if (clean) {
    marks_in_use_ &= static_cast<uint8_t>(~mark);
    return;
  }
  stale_marks_ |= mark;
}

void Engine::RestartCleaning() {
  cleaning_marks_ = stale_marks_;
  db_ = 0;
  slot_ = 0;
  position_ = 0;
}

void Engine::BeforeSwap(Database& a, Database& b) {
  if (cleaning_marks_ != 0) RestartCleaning();
}

bool Engine::CleanStep(int64_t budget_us) {
  if (stale_marks_ == 0) return false;
  if (cleaning_marks_ == 0) RestartCleaning();
  Budget budget(budget_us);
  while (db_ < keyspace_->database_count()) {
    Database& db = keyspace_->db(db_);
    const int found = NextOccupied(db, slot_, nullptr);
    if (found < 0) {
      ++db_;
      slot_ = 0;
      position_ = 0;
      continue;
    }
    if (found != slot_) position_ = 0;
    slot_ = found;
    position_ = db.WalkSlot(static_cast<slot::SlotId>(slot_), position_, [this](Entry& entry) {
      entry.set_marks(entry.marks() & ~cleaning_marks_);
    });
    if (position_ == SlotTable::kEnd) {
      ++slot_;
      position_ = 0;
    }
    if (budget.Spent()) return true;
  }
  marks_in_use_ &= static_cast<uint8_t>(~cleaning_marks_);
  stale_marks_ &= static_cast<uint8_t>(~cleaning_marks_);
  cleaning_marks_ = 0;
  return stale_marks_ != 0;
}

}  // namespace windlass::snapshot
