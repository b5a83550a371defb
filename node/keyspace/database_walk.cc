// Database: going through keys, random picks, and dropping many at once.
#include <algorithm>

#include "node/keyspace/database.h"
#include "node/keyspace/keyspace.h"

namespace windlass::keyspace {

std::vector<std::string> Database::KeysInSlot(slot::SlotId slot, size_t limit) const {
  std::vector<std::string> keys;
  const TableContext context = keyspace_.context();
  uint64_t position = 0;
  while (position < SlotTable::kEnd && keys.size() < limit) {
    position = table(slot).Walk(context, position, [&](const Entry& entry) {
      if (keys.size() < limit) keys.emplace_back(entry.key());
    });
  }
  return keys;
}

uint64_t Database::WalkSlot(slot::SlotId slot, uint64_t from, const std::function<void(Entry&)>& f) {
  return table(slot).Walk(keyspace_.context(), from, f);
}

void Database::ForEachInSlot(slot::SlotId slot, const std::function<void(Entry&)>& f) {
  uint64_t position = 0;
  while (position < SlotTable::kEnd) position = WalkSlot(slot, position, f);
}

void Database::ForEach(const std::function<void(slot::SlotId, Entry&)>& f) {
  occupied_.ForEach([&](slot::SlotId slot) {
    ForEachInSlot(slot, [&f, slot](Entry& entry) { f(slot, entry); });
  });
}

void Database::ForEachVisible(const std::function<void(slot::SlotId, Entry&)>& f) {
  for (int slot = NextVisible(0); slot >= 0; slot = NextVisible(slot + 1)) {
    const slot::SlotId id = static_cast<slot::SlotId>(slot);
    ForEachInSlot(id, [&f, id](Entry& entry) { f(id, entry); });
  }
}

void Database::Hide(const slot::SlotSet& slots) {
  hidden_ |= slots;
  hides_ = !hidden_.empty();
}

void Database::Unhide(const slot::SlotSet& slots) {
  hidden_ -= slots;
  hides_ = !hidden_.empty();
}

size_t Database::HiddenCount(bool expiring) const {
  if (!hides_) return 0;
  size_t count = 0;
  hidden_.ForEach([&](slot::SlotId slot) { count += expiring ? table(slot).expiring() : table(slot).size(); });
  return count;
}

int Database::NextVisible(int from) const {
  int slot = occupied_.Next(from);
  while (slot >= 0 && IsHidden(static_cast<slot::SlotId>(slot))) slot = occupied_.Next(slot + 1);
  return slot;
}

// The cursor is the slot above 32 bits of position.
uint64_t Database::Scan(uint64_t cursor, size_t count, const std::function<void(slot::SlotId, Entry&)>& f) {
  if (cursor >> 32 >= tables_.size()) return 0;
  int slot = static_cast<int>(cursor >> 32);
  uint64_t position = cursor & 0xffffffff;
  size_t met = 0;
  while (met < count) {
    const slot::SlotId id = static_cast<slot::SlotId>(slot);
    position = IsHidden(id) ? SlotTable::kEnd : table(id).Walk(keyspace_.context(), position, [&](Entry& entry) {
      ++met;
      f(id, entry);
    });
    if (position < SlotTable::kEnd) continue;
    position = 0;
    slot = NextVisible(slot + 1);
    if (slot < 0) return 0;
  }
  return static_cast<uint64_t>(slot) << 32 | position;
}

// The slot of the key of rank r: find its group, then it.
slot::SlotId Database::RandomSlot() {
  uint64_t rank = keyspace_.random_.Below(size_);
  size_t group = 0;
  while (rank >= group_sizes_[group]) rank -= group_sizes_[group++];
  size_t chosen = group * kGroupSlots;
  while (rank >= slot_sizes_[chosen]) rank -= slot_sizes_[chosen++];
  return static_cast<slot::SlotId>(chosen);
}

void Database::Sample(bool expiring_only, int count, const std::function<void(slot::SlotId, Entry&)>& f) {
  constexpr size_t kSparse = 4;  // fewer than one key in so many has an expiry
  if (expiring_only && expires_size_ * kSparse < size_) return SampleSweep(count, f);
  const TableContext context = keyspace_.context();
  const auto random = [this] { return keyspace_.random_.Next(); };
  if (!slotted_) {
    if (size_ != 0) tables_[0].Sample(context, random, expiring_only, count, [&f](Entry& entry) { f(0, entry); });
    return;
  }
  // Keys of one slot often belong together: each sample comes from a slot of its own.
  int found = 0;
  for (int draw = 0; draw < count && size_ != 0; ++draw) {
    const slot::SlotId slot = RandomSlot();
    if (IsHidden(slot)) continue;
    tables_[slot].Sample(context, random, expiring_only, 1, [&](Entry& entry) {
      ++found;
      f(slot, entry);
    });
  }
  if (found != 0) return;
  if (expiring_only) return SampleSweep(count, f);
  slot::SlotId slot = 0;  // nearly all keys are in hidden slots
  if (Entry* entry = RandomEntry(&slot)) f(slot, *entry);
}

// Keys with expiry are few: all tables are gone through, bucket by bucket, from where
// the last call ended. Tables without any are skipped by their counts, hidden ones too.
void Database::SampleSweep(int count, const std::function<void(slot::SlotId, Entry&)>& f) {
  constexpr uint32_t kBuckets = 8;  // between looks at the count
  if (expires_size_ == 0) return;
  int found = 0;
  int slot = static_cast<int>(sample_cursor_ >> 32);
  uint32_t bucket = static_cast<uint32_t>(sample_cursor_);
  for (int laps = 0; found < count && laps < 2;) {
    const SlotTable& table = tables_[static_cast<size_t>(slot)];
    const slot::SlotId id = static_cast<slot::SlotId>(slot);
    const bool skip = table.expiring() == 0 || IsHidden(id);
    bucket = skip ? 0 : table.WalkExpiring(keyspace_.context(), bucket, kBuckets, [&](Entry& entry) {
      ++found;
      f(id, entry);
    });
    if (bucket != 0) continue;
    slot = occupied_.Next(slot + 1);
    if (slot >= 0) continue;
    slot = 0;
    ++laps;
  }
  sample_cursor_ = static_cast<uint64_t>(slot) << 32 | bucket;
}

Entry* Database::RandomEntry(slot::SlotId* slot) {
  const size_t visible = visible_size();
  if (visible == 0) return nullptr;
  size_t chosen = 0;
  if (hides_) {
    uint64_t rank = keyspace_.random_.Below(visible);
    chosen = static_cast<size_t>(NextVisible(0));
    while (rank >= tables_[chosen].size()) {
      rank -= tables_[chosen].size();
      chosen = static_cast<size_t>(NextVisible(static_cast<int>(chosen) + 1));
    }
  } else if (slotted_) {
    chosen = RandomSlot();
  }
  if (slot != nullptr) *slot = static_cast<slot::SlotId>(chosen);
  return tables_[chosen].RandomEntry(keyspace_.context(), [this] { return keyspace_.random_.Next(); });
}

// The counts of one slot's table leave the database with it.
SlotTable Database::Detach(slot::SlotId slot) {
  const int64_t keys = tables_[slot].size();
  const int64_t expiring = tables_[slot].expiring();
  SlotTable detached = std::move(tables_[slot]);
  CountKeys(slot, -keys, -expiring);
  return detached;
}

size_t Database::DropSlot(slot::SlotId slot, bool later) {
  const size_t keys = table(slot).size();
  if (keys == 0) return 0;
  for (ChangeObserver* observer : keyspace_.observers_) observer->BeforeDrop(*this, slot);
  SlotTable detached = Detach(slot);
  keyspace_.dirty_ += keys;
  if (keyspace_.change_listener_ != nullptr) {
    // Keys by name: who waits for one key must not be told that all have changed.
    uint64_t position = 0;
    while (position < SlotTable::kEnd) {
      position = detached.Walk(keyspace_.context(), position, [&](const Entry& entry) {
        keyspace_.change_listener_->AfterChange(*this, slot, entry.key());
      });
    }
  }
  keyspace_.Bury(std::move(detached), later);
  return keys;
}

size_t Database::Flush(bool later) {
  const size_t keys = size_;
  occupied_.ForEach([this](slot::SlotId slot) {
    for (ChangeObserver* observer : keyspace_.observers_) observer->BeforeDrop(*this, slot);
  });
  slot::SlotSet occupied = occupied_;
  occupied.ForEach([this, later](slot::SlotId slot) { keyspace_.Bury(Detach(slot), later); });
  average_ttl_ms_ = 0;
  keyspace_.dirty_ += keys;
  if (keyspace_.change_listener_ != nullptr) keyspace_.change_listener_->AfterFlush(*this);
  return keys;
}

void Database::Drop() {
  slot::SlotSet occupied = occupied_;
  occupied.ForEach([this](slot::SlotId slot) { keyspace_.Bury(Detach(slot), false); });
  // A table made large for keys that never came is not among them.
  if (!slotted_) keyspace_.Bury(std::move(tables_[0]), false);
}

void Database::Swap(Database& other) {
  if (&other == this) return;
  for (ChangeObserver* observer : keyspace_.observers_) observer->BeforeSwap(*this, other);
  std::swap(tables_, other.tables_);
  std::swap(occupied_, other.occupied_);
  std::swap(group_sizes_, other.group_sizes_);
  std::swap(slot_sizes_, other.slot_sizes_);
  std::swap(size_, other.size_);
  std::swap(expires_size_, other.expires_size_);
  std::swap(average_ttl_ms_, other.average_ttl_ms_);
  std::swap(expiry_cursor_, other.expiry_cursor_);
  ++keyspace_.dirty_;
  if (keyspace_.change_listener_ != nullptr) keyspace_.change_listener_->AfterSwap(*this, other);
}

}  // namespace windlass::keyspace
