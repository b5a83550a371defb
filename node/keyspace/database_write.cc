// Database: the changes. Each one: tell the observers, change, count, tell the
// listener; memory of what is gone is freed last, since the key that was passed
// may live in it.
#include <algorithm>
#include <cassert>
#include <cstring>

#include "node/keyspace/database.h"
#include "node/keyspace/entry_builder.h"
#include "node/keyspace/keyspace.h"
#include "node/types/number.h"

namespace windlass::keyspace {

Entry* Database::Store(slot::SlotId slot, std::string_view key, const EntryValue& value, Expiry expiry) {
  const Found found = Locate(slot, key);
  Arena& arena = keyspace_.arena_;
  const AccessPolicy policy = keyspace_.access_options_.policy;
  if (found.entry == nullptr) {
    Entry* entry = EntryBuilder::Make(arena, key, value, expiry.keep ? kNoExpiry : expiry.at_ms);
    entry->set_access(AccessClock::Fresh(policy, keyspace_.clock_ms_));
    Add(slot, found.hash, entry);
    Changed(slot, key);
    return entry;
  }
  Entry* entry = found.entry;
  BeforeChange(slot, *entry);
  const int64_t at_ms = expiry.keep ? entry->expire_at_ms() : expiry.at_ms;
  // How often a key is used survives its overwriting.
  const uint32_t access =
      policy == AccessPolicy::kLfu ? entry->access() : AccessClock::Fresh(policy, keyspace_.clock_ms_);
  const bool same_shape = entry->has_expiry() == (at_ms != kNoExpiry);
  if (same_shape && EntryBuilder::OverwriteInPlace(*entry, value)) {
    if (at_ms != kNoExpiry) EntryBuilder::WriteExpiry(*entry, at_ms);
    entry->set_access(access);
    Changed(slot, key);
    return entry;
  }
  Entry* replacement = EntryBuilder::Make(arena, found.entry->key(), value, at_ms);
  replacement->set_access(access);
  Replace(slot, found, replacement);
  Changed(slot, replacement->key());
  keyspace_.Discard(entry, keyspace_.replaces_later_);
  return replacement;
}

Entry* Database::SetString(slot::SlotId slot, std::string_view key, std::string_view value, Expiry expiry,
                           StringForm form) {
  return Store(slot, key, form == StringForm::kAuto ? EntryBuilder::Encode(value) : EntryBuilder::Bytes(value, false),
               expiry);
}

Entry* Database::SetBlob(slot::SlotId slot, std::string_view key, types::OwnedBlob blob, Expiry expiry) {
  EntryValue value;
  value.kind = EntryValue::Kind::kBlob;
  value.blob = blob.release();
  return Store(slot, key, value, expiry);
}

Entry* Database::SetInteger(slot::SlotId slot, std::string_view key, int64_t value, Expiry expiry) {
  return Store(slot, key, EntryBuilder::Integer(value), expiry);
}

Entry* Database::SetObject(slot::SlotId slot, std::string_view key, std::unique_ptr<types::Object> object,
                           Expiry expiry) {
  EntryValue value;
  value.kind = EntryValue::Kind::kObject;
  value.object = object.release();
  return Store(slot, key, value, expiry);
}

Entry* Database::InsertObject(slot::SlotId slot, std::string_view key, std::unique_ptr<types::Object> object) {
  EntryValue value;
  value.kind = EntryValue::Kind::kObject;
  value.object = object.release();
  Entry* entry = EntryBuilder::Make(keyspace_.arena_, key, value, kNoExpiry);
  entry->set_access(AccessClock::Fresh(keyspace_.access_options_.policy, keyspace_.clock_ms_));
  return Add(slot, keyspace_.context().Hash(key), entry);
}

std::span<char> Database::ResizeString(slot::SlotId slot, std::string_view key, size_t length) {
  const Found found = Locate(slot, key);
  Entry* entry = found.entry;
  if (entry != nullptr) {
    assert(entry->type() == types::Type::kString);
    BeforeChange(slot, *entry);
    if (EntryBuilder::HoldsBlob(*entry)) {
      const SlotTable::Footprint before{entry->ExternalBytes(), entry->has_expiry()};
      EntryBuilder::ResizeBlob(*entry, length);
      const SlotTable::Footprint after{entry->ExternalBytes(), entry->has_expiry()};
      keyspace_.heap_bytes_ += after.bytes;
      keyspace_.heap_bytes_ -= before.bytes;
      table(slot).Update(found.place, found.place.handle(), before, after);
      Changed(slot, key);
      return EntryBuilder::MutableBytes(*entry);
    }
    if (!entry->is_integer() && entry->bytes().size() == length) {
      EntryBuilder::MarkRaw(*entry);
      Changed(slot, key);
      return EntryBuilder::MutableBytes(*entry);
    }
  }
  EntryValue value;
  std::string padded;  // short values only
  char digits[types::kMaxIntegerDigits];
  const std::string_view old = entry == nullptr ? std::string_view() : entry->Text(digits);
  const size_t kept = std::min(old.size(), length);
  if (length > Entry::kMaxInlineBytes) {
    value.kind = EntryValue::Kind::kBlob;
    value.blob = types::Blob::CreateZeroed(length);
    if (kept != 0) std::memcpy(value.blob->bytes().data(), old.data(), kept);
  } else {
    padded.assign(old.substr(0, kept));
    padded.resize(length, '\0');
    value = EntryBuilder::Bytes(padded, true);
  }
  Entry* made = EntryBuilder::Make(keyspace_.arena_, key, value, entry == nullptr ? kNoExpiry : entry->expire_at_ms());
  made->set_access(AccessClock::Fresh(keyspace_.access_options_.policy, keyspace_.clock_ms_));
  if (entry == nullptr) {
    Add(slot, found.hash, made);
  } else {
    if (keyspace_.access_options_.policy == AccessPolicy::kLfu) made->set_access(entry->access());
    Replace(slot, found, made);
  }
  Changed(slot, made->key());
  if (entry != nullptr) keyspace_.Discard(entry, false);
  return EntryBuilder::MutableBytes(*made);
}

bool Database::EraseKey(slot::SlotId slot, std::string_view key, bool later) {
  const Found found = Locate(slot, key);
  if (found.entry == nullptr) return false;
  BeforeChange(slot, *found.entry);
  Unhook(slot, found);
  Changed(slot, key);
  keyspace_.Discard(found.entry, later);
  return true;
}

bool Database::Erase(slot::SlotId slot, std::string_view key) { return EraseKey(slot, key, false); }
bool Database::Unlink(slot::SlotId slot, std::string_view key) { return EraseKey(slot, key, true); }

bool Database::ChangeExpiry(slot::SlotId slot, std::string_view key, int64_t at_ms) {
  const Found found = Locate(slot, key);
  Entry* entry = found.entry;
  if (entry == nullptr || (at_ms == kNoExpiry && !entry->has_expiry())) return false;
  BeforeChange(slot, *entry);
  if (at_ms != kNoExpiry && entry->has_expiry()) {
    EntryBuilder::WriteExpiry(*entry, at_ms);
    Changed(slot, key);
    return true;
  }
  Entry* moved = EntryBuilder::Make(keyspace_.arena_, entry->key(), EntryBuilder::ValueOf(*entry, true), at_ms);
  moved->set_access(entry->access());
  Replace(slot, found, moved);
  Changed(slot, moved->key());
  EntryBuilder::FreeShell(keyspace_.arena_, entry);
  return true;
}

bool Database::SetExpiry(slot::SlotId slot, std::string_view key, int64_t at_ms) {
  return ChangeExpiry(slot, key, std::max<int64_t>(at_ms, 0));
}

bool Database::ClearExpiry(slot::SlotId slot, std::string_view key) { return ChangeExpiry(slot, key, kNoExpiry); }

void Database::PutUnder(const Target& target, const Entry& source, bool steal) {
  Database& db = target.db;
  const Found there = db.Locate(target.slot, target.key);
  if (there.entry != nullptr) {
    db.BeforeChange(target.slot, *there.entry);
    db.Unhook(target.slot, there);
  }
  Entry* made = EntryBuilder::Make(keyspace_.arena_, target.key, EntryBuilder::ValueOf(source, steal),
                                   source.expire_at_ms());
  made->set_access(source.access());
  db.Add(target.slot, keyspace_.context().Hash(target.key), made);
  db.Changed(target.slot, made->key());
  if (there.entry != nullptr) keyspace_.Discard(there.entry, keyspace_.replaces_later_);
}

void Database::Copy(slot::SlotId slot, std::string_view key, const Target& target) {
  const Entry* source = Peek(slot, key);
  assert(source != nullptr);
  PutUnder(target, *source, false);
}

void Database::Move(slot::SlotId slot, std::string_view key, const Target& target) {
  const Found found = Locate(slot, key);
  assert(found.entry != nullptr && !(&target.db == this && target.key == key));
  BeforeChange(slot, *found.entry);
  Unhook(slot, found);  // first: adding under the other name may move the table
  PutUnder(target, *found.entry, true);
  // The change was counted once, there.
  if (keyspace_.change_listener_ != nullptr) keyspace_.change_listener_->AfterChange(*this, slot, key);
  EntryBuilder::FreeShell(keyspace_.arena_, found.entry);
}

}  // namespace windlass::keyspace
