// Database: looking up, expiry on access, counts, and the primitives every change
// is made of. Changes themselves: database_write.cc; walks: database_walk.cc.
#include "node/keyspace/database.h"

#include <cassert>

#include "node/keyspace/entry_builder.h"
#include "node/keyspace/keyspace.h"

namespace windlass::keyspace {

Database::Database(Keyspace& keyspace, int index, bool slotted)
    : keyspace_(keyspace),
      index_(index),
      slotted_(slotted),
      tables_(slotted ? slot::kSlotCount : 1),
      group_sizes_(slotted ? slot::kSlotCount / kGroupSlots : 0),
      slot_sizes_(slotted ? slot::kSlotCount : 0) {}

Database::~Database() {
  if (!keyspace_.abandoned_) Drop();
}

Database::Found Database::Locate(slot::SlotId slot, std::string_view key) const {
  const TableContext context = keyspace_.context();
  Found found;
  found.hash = context.Hash(key);
  found.place = table(slot).Find(context, found.hash, key);
  if (found.place) found.entry = context.At(found.place.handle());
  return found;
}

Database::Found Database::LocateLive(slot::SlotId slot, std::string_view key, int64_t now_ms) {
  keyspace_.clock_ms_ = now_ms;
  Found found = Locate(slot, key);
  if (found.entry == nullptr || !found.entry->IsExpired(now_ms)) [[likely]] return found;
  switch (keyspace_.expiry_mode_) {
    case ExpiryMode::kIgnore:
      return found;
    case ExpiryMode::kDelete:
      DeleteExpired(slot, found);
      break;
    case ExpiryMode::kHide:
      break;
  }
  return Found{found.hash, {}, nullptr};
}

Entry* Database::Find(slot::SlotId slot, std::string_view key, int64_t now_ms) {
  return LocateLive(slot, key, now_ms).entry;
}

Entry* Database::FindRead(slot::SlotId slot, std::string_view key, int64_t now_ms, bool touch) {
  Entry* entry = LocateLive(slot, key, now_ms).entry;
  if (entry == nullptr) {
    ++keyspace_.stats_.misses;
    if (keyspace_.miss_listener_ != nullptr) [[unlikely]] keyspace_.miss_listener_->OnMiss(*this, key);
    return nullptr;
  }
  ++keyspace_.stats_.hits;
  if (touch) {
    const AccessOptions& options = keyspace_.access_options_;
    const uint32_t random =
        options.policy == AccessPolicy::kLfu ? static_cast<uint32_t>(keyspace_.random_.Next()) : 0;
    const uint32_t access = AccessClock::Touched(entry->access(), options, now_ms, random);
    // Written only if it differs: reads of the same second leave the line clean.
    if (access != entry->access()) entry->set_access(access);
  }
  return entry;
}

Entry* Database::Peek(slot::SlotId slot, std::string_view key) const { return Locate(slot, key).entry; }

Database::Prefetched Database::PrefetchBucket(slot::SlotId slot, std::string_view key) const {
  const Prefetched prefetched{&table(slot), keyspace_.context().Hash(key)};
  prefetched.table->Prefetch(prefetched.hash);
  return prefetched;
}

void Database::Reserve(uint64_t keys) {
  if (slotted_ || size_ != 0 || tables_[0].stretching()) return;
  tables_[0].Reserve(keyspace_.context(), keys);
}

void Database::PrefetchEntry(Prefetched key) const { key.table->PrefetchMatches(keyspace_.context(), key.hash); }
bool Database::PrefetchValue(Prefetched key) const {
  return key.table->PrefetchObjects(keyspace_.context(), key.hash);
}
void Database::PrefetchContent(Prefetched key) const {
  key.table->PrefetchContents(keyspace_.context(), key.hash);
}

uint32_t Database::PositionOf(std::string_view key) const { return keyspace_.context().Hash(key).position; }

void Database::CountKeys(slot::SlotId slot, int64_t keys, int64_t expiring) {
  size_ += static_cast<size_t>(keys);
  expires_size_ += static_cast<size_t>(expiring);
  if (keys == 0) return;
  if (slotted_) {
    group_sizes_[slot / kGroupSlots] += static_cast<uint32_t>(keys);
    slot_sizes_[slot] += static_cast<uint32_t>(keys);
  }
  if (table(slot).size() == 0) {
    occupied_.Remove(slot);
  } else {
    occupied_.Add(slot);
  }
}

void Database::BeforeChange(slot::SlotId slot, Entry& entry) {
  for (ChangeObserver* observer : keyspace_.observers_) observer->BeforeChange(*this, slot, entry);
}

void Database::BookObject(slot::SlotId slot, const Found& found, size_t bytes_before) {
  const bool expiring = found.entry->has_expiry();
  const size_t bytes_after = found.entry->ExternalBytes();
  keyspace_.heap_bytes_ += bytes_after;
  keyspace_.heap_bytes_ -= bytes_before;
  table(slot).Update(found.place, found.place.handle(), {bytes_before, expiring}, {bytes_after, expiring});
}

void Database::ChangedBy(slot::SlotId slot, std::string_view key, uint64_t changes) {
  keyspace_.dirty_ += changes;
  if (keyspace_.change_listener_ != nullptr) keyspace_.change_listener_->AfterChange(*this, slot, key);
}

Entry* Database::Add(slot::SlotId slot, KeyHash hash, Entry* entry) {
  const TableContext context = keyspace_.context();
  table(slot).Insert(context, hash, context.arena->HandleOf(entry));
  keyspace_.heap_bytes_ += entry->ExternalBytes();
  CountKeys(slot, 1, entry->has_expiry() ? 1 : 0);
  for (ChangeObserver* observer : keyspace_.observers_) observer->AfterInsert(*this, slot, *entry);
  return entry;
}

Entry* Database::Replace(slot::SlotId slot, const Found& found, Entry* entry) {
  Entry* old = found.entry;
  const SlotTable::Footprint before{old->AllocatedBytes() + old->ExternalBytes(), old->has_expiry()};
  const SlotTable::Footprint after{entry->AllocatedBytes() + entry->ExternalBytes(), entry->has_expiry()};
  keyspace_.heap_bytes_ += entry->ExternalBytes();
  keyspace_.heap_bytes_ -= old->ExternalBytes();
  entry->set_marks(old->marks());
  table(slot).Update(found.place, keyspace_.arena_.HandleOf(entry), before, after);
  CountKeys(slot, 0, int64_t{after.expiring} - int64_t{before.expiring});
  return entry;
}

void Database::Unhook(slot::SlotId slot, const Found& found) {
  const bool expiring = found.entry->has_expiry();
  keyspace_.heap_bytes_ -= found.entry->ExternalBytes();
  table(slot).Remove(keyspace_.context(), found.hash, found.place);
  CountKeys(slot, -1, expiring ? -1 : 0);
}

void Database::DeleteExpired(slot::SlotId slot, const Found& found) {
  BeforeChange(slot, *found.entry);
  Unhook(slot, found);
  ++keyspace_.stats_.expired_keys;
  const std::string_view key = found.entry->key();  // alive until the entry is freed
  if (keyspace_.expiry_listener_ != nullptr) keyspace_.expiry_listener_->OnExpired(*this, slot, key);
  if (keyspace_.change_listener_ != nullptr) keyspace_.change_listener_->AfterChange(*this, slot, key);
  keyspace_.Discard(found.entry, true);
}

void Database::Evict(slot::SlotId slot, std::string_view key, bool later) {
  const Found found = Locate(slot, key);
  assert(found.entry != nullptr);
  BeforeChange(slot, *found.entry);
  Unhook(slot, found);
  ++keyspace_.stats_.evicted_keys;
  const std::string_view name = found.entry->key();  // alive until the entry is freed
  if (keyspace_.expiry_listener_ != nullptr) keyspace_.expiry_listener_->OnEvicted(*this, slot, name);
  if (keyspace_.change_listener_ != nullptr) keyspace_.change_listener_->AfterChange(*this, slot, name);
  keyspace_.Discard(found.entry, later);
}

void Database::DeleteExpiredEntry(slot::SlotId slot, Entry* entry) {
  const Found found = Locate(slot, entry->key());
  assert(found.entry == entry);
  DeleteExpired(slot, found);
}

}  // namespace windlass::keyspace
