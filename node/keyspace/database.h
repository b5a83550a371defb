// One database: the tables of its keys and everything commands do with them.
//
// In cluster mode database 0 is 16 384 small tables; otherwise a database is one
// table and every slot argument is 0. The slot is computed once, by admission, and
// passed down. Expiry is applied by the Find functions, as Keyspace::expiry_mode
// says. Every public change tells the observers first, adds one to the dirty
// counter and tells the listener after; deletions by expiry are not dirty, they
// reach the log through the ExpiryListener.
//
// Entry pointers are good until the next change of that key.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/keyspace/entry.h"
#include "node/keyspace/observers.h"
#include "node/keyspace/slot_table.h"
#include "node/slot/slot_set.h"

namespace windlass::keyspace {

class Keyspace;
struct EntryValue;

// What happens to the expiry when a value is set.
struct Expiry {
  int64_t at_ms = kNoExpiry;
  bool keep = false;  // keep the one the key has; at_ms is ignored
};

// How a string is encoded: as SET does it, or as bytes even if it reads as a number.
enum class StringForm { kAuto, kBytes };

class Database {
 public:
  Database(Keyspace& keyspace, int index, bool slotted);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  int index() const { return index_; }
  bool slotted() const { return slotted_; }  // cluster mode: one table a slot
  Keyspace& keyspace() { return keyspace_; }

  // --- looking up. Null: absent or expired.
  // For writers: no hit or miss is counted, the access clock stands still.
  Entry* Find(slot::SlotId slot, std::string_view key, int64_t now_ms);
  // For readers: counts a hit or a miss; `touch` moves the access clock.
  Entry* FindRead(slot::SlotId slot, std::string_view key, int64_t now_ms, bool touch = true);
  // Regardless of expiry, without any effect.
  Entry* Peek(slot::SlotId slot, std::string_view key) const;
  // Fetching into the cache, for pipelines: the buckets of all keys of a batch, then the
  // entries of all, the containers of all, what small ones hold; then execute. No change
  // between.
  struct Prefetched {
    const SlotTable* table;
    KeyHash hash;
  };
  Prefetched PrefetchBucket(slot::SlotId slot, std::string_view key) const;
  void PrefetchEntry(Prefetched key) const;
  bool PrefetchValue(Prefetched key) const;  // false: no container
  void PrefetchContent(Prefetched key) const;

  // So many keys are about to come: nothing if they spread over slots, or if some are here.
  void Reserve(uint64_t keys);

  // --- strings. The key is created or its value, of any type, replaced.
  Entry* SetString(slot::SlotId slot, std::string_view key, std::string_view value, Expiry expiry = {},
                   StringForm form = StringForm::kAuto);
  // Bytes that were put where they stay. REQUIRES: more than an entry holds itself
  Entry* SetBlob(slot::SlotId slot, std::string_view key, types::OwnedBlob blob, Expiry expiry = {});
  Entry* SetInteger(slot::SlotId slot, std::string_view key, int64_t value, Expiry expiry = {});
  // Changes the length of a string, zero-filling, for changes in place (the value
  // becomes raw bytes); an absent key is created without expiry. The result is
  // good until the next change.
  std::span<char> ResizeString(slot::SlotId slot, std::string_view key, size_t length);

  // --- containers. To change one in place: object_edit.h.
  Entry* SetObject(slot::SlotId slot, std::string_view key, std::unique_ptr<types::Object> object,
                   Expiry expiry = {});

  // A new key for a container that an ObjectEdit fills at once: counts and tells
  // nothing by itself. REQUIRES: the key is absent.
  Entry* InsertObject(slot::SlotId slot, std::string_view key, std::unique_ptr<types::Object> object);

  // --- keys. False: absent (expired counts as present: use Find before).
  bool Erase(slot::SlotId slot, std::string_view key);
  // Like Erase, and frees what is big later or in a helper thread.
  bool Unlink(slot::SlotId slot, std::string_view key);
  bool SetExpiry(slot::SlotId slot, std::string_view key, int64_t at_ms);
  bool ClearExpiry(slot::SlotId slot, std::string_view key);  // false also if there was none
  // Copies or moves value, expiry and access clock under another name, replacing
  // what is there. REQUIRES: the source exists; source and target differ.
  struct Target {
    Database& db;
    slot::SlotId slot;
    std::string_view key;
  };
  void Copy(slot::SlotId slot, std::string_view key, const Target& target);
  void Move(slot::SlotId slot, std::string_view key, const Target& target);

  // --- counts.
  size_t size() const { return size_; }
  size_t expires_size() const { return expires_size_; }
  // Mean time to live in ms of the keys with expiry, estimated by the expiry cycle.
  int64_t average_ttl_ms() const { return average_ttl_ms_; }
  size_t SlotSize(slot::SlotId slot) const { return table(slot).size(); }
  size_t SlotExpiresSize(slot::SlotId slot) const { return table(slot).expiring(); }
  // Entries, what they point to, and their share of table memory.
  size_t SlotBytes(slot::SlotId slot) const { return table(slot).entry_bytes() + table(slot).bucket_bytes(); }
  size_t SlotTableBytes(slot::SlotId slot) const { return table(slot).bucket_bytes(); }
  const slot::SlotSet& occupied_slots() const { return occupied_; }

  // --- hidden slots: arriving by a migration, or on their way out. Their keys are
  // used as any, but not shown (KEYS, SCAN, DBSIZE, RANDOMKEY) nor expired or evicted here.
  void Hide(const slot::SlotSet& slots);
  void Unhide(const slot::SlotSet& slots);
  const slot::SlotSet& hidden_slots() const { return hidden_; }
  bool IsHidden(slot::SlotId slot) const { return hides_ && hidden_.Contains(slot); }
  size_t visible_size() const { return size_ - HiddenCount(false); }
  size_t visible_expires_size() const { return expires_size_ - HiddenCount(true); }

  // --- going through keys. Expired keys are included unless said otherwise; the
  // functions given must not change keys.
  std::vector<std::string> KeysInSlot(slot::SlotId slot, size_t limit) const;
  void ForEachInSlot(slot::SlotId slot, const std::function<void(Entry&)>& f);
  void ForEach(const std::function<void(slot::SlotId, Entry&)>& f);
  void ForEachVisible(const std::function<void(slot::SlotId, Entry&)>& f);
  // SCAN: calls f for at least `count` keys if there are that many left; returns
  // the next cursor, 0 at the end. Keys present during a whole scan are met.
  uint64_t Scan(uint64_t cursor, size_t count, const std::function<void(slot::SlotId, Entry&)>& f);
  // A step of a walk in order of position: all entries of one small group at
  // positions >= `from`; returns where to go on, SlotTable::kEnd at the end. A key
  // was visited iff PositionOf(key) is below that.
  uint64_t WalkSlot(slot::SlotId slot, uint64_t from, const std::function<void(Entry&)>& f);
  uint32_t PositionOf(std::string_view key) const;
  // Uniform over all visible keys; null if there is none. May be expired.
  Entry* RandomEntry(slot::SlotId* slot);

  // A sample of about `count` visible keys, all or those with expiry, for eviction; at
  // least one if there is one. The functions given must not change keys.
  void Sample(bool expiring_only, int count, const std::function<void(slot::SlotId, Entry&)>& f);
  // Deletes for lack of memory: the ExpiryListener is told, the dirty counter not.
  // `later` as in Unlink. REQUIRES: the key is there.
  void Evict(slot::SlotId slot, std::string_view key, bool later);

  // --- dropping. Keys are gone at once; memory is freed now, or in steps by
  // Keyspace::BackgroundStep when `later`. The dirty counter grows by the keys.
  size_t DropSlot(slot::SlotId slot, bool later);
  size_t Flush(bool later);
  // Both sides' keys change places (SWAPDB).
  void Swap(Database& other);

 private:
  friend class ExpiryCycle;
  friend class Keyspace;
  friend class ObjectEdit;
  static constexpr int kGroupSlots = 128;  // key counts of groups of slots, for random picks

  struct Found {
    KeyHash hash;
    SlotTable::Place place;
    Entry* entry = nullptr;
  };
  SlotTable& table(slot::SlotId slot) { return tables_[slot]; }
  const SlotTable& table(slot::SlotId slot) const { return tables_[slot]; }
  Found Locate(slot::SlotId slot, std::string_view key) const;
  Found LocateLive(slot::SlotId slot, std::string_view key, int64_t now_ms);
  // The primitives below neither count dirty nor tell the listener.
  Entry* Add(slot::SlotId slot, KeyHash hash, Entry* entry);
  Entry* Replace(slot::SlotId slot, const Found& found, Entry* entry);
  // Takes the entry out of its table; it still has to be freed.
  void Unhook(slot::SlotId slot, const Found& found);
  SlotTable Detach(slot::SlotId slot);
  void Drop();

  Entry* Store(slot::SlotId slot, std::string_view key, const EntryValue& value, Expiry expiry);
  bool EraseKey(slot::SlotId slot, std::string_view key, bool later);
  bool ChangeExpiry(slot::SlotId slot, std::string_view key, int64_t at_ms);
  void PutUnder(const Target& target, const Entry& source, bool steal);
  slot::SlotId RandomSlot();  // each as likely as it has keys. REQUIRES: slotted, not empty
  void SampleSweep(int count, const std::function<void(slot::SlotId, Entry&)>& f);
  void DeleteExpired(slot::SlotId slot, const Found& found);
  void DeleteExpiredEntry(slot::SlotId slot, Entry* entry);
  void CountKeys(slot::SlotId slot, int64_t keys, int64_t expiring);
  size_t HiddenCount(bool expiring) const;
  // The first visible slot with keys >= from, or -1.
  int NextVisible(int from) const;
  void BeforeChange(slot::SlotId slot, Entry& entry);
  void Changed(slot::SlotId slot, std::string_view key) { ChangedBy(slot, key, 1); }
  void ChangedBy(slot::SlotId slot, std::string_view key, uint64_t changes);
  // The memory of a container after a change in place.
  void BookObject(slot::SlotId slot, const Found& found, size_t bytes_before);

  Keyspace& keyspace_;
  const int index_;
  const bool slotted_;
  std::vector<SlotTable> tables_;
  slot::SlotSet occupied_;              // slots with at least one key
  slot::SlotSet hidden_;
  bool hides_ = false;                  // hidden_ is not empty
  std::vector<uint32_t> group_sizes_;   // keys by group of kGroupSlots slots
  std::vector<uint32_t> slot_sizes_;    // keys by slot, close together for random picks
  size_t size_ = 0;
  size_t expires_size_ = 0;
  int64_t average_ttl_ms_ = 0;
  uint64_t expiry_cursor_ = 0;          // where the expiry cycle goes on
  uint64_t sample_cursor_ = 0;          // where SampleSweep goes on
};

}  // namespace windlass::keyspace
