// Every object, by resource, namespace and name, each write with a revision one
// above the last, and the recent writes kept as events for watches.
//
// Objects are immutable once stored and shared by pointer. Each object carries
// its revision in metadata.resourceVersion. Thread-safe; writers that must read
// first hold a Transaction.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "operator/local/api_server/journal.h"

namespace windlass::api_server {

using Object = std::shared_ptr<const nlohmann::json>;

// `resource` is the plural with its group: "pods", "redisclusters.windlass.dev".
struct ObjectKey {
  std::string resource;
  std::string name_space;  // empty for cluster-scoped
  std::string name;
  bool operator<(const ObjectKey& other) const;
  bool operator==(const ObjectKey& other) const;
};

struct StoredObject {
  ObjectKey key;
  Object object;
  uint64_t revision = 0;
};

struct StoreEvent {
  uint64_t revision = 0;
  ObjectKey key;
  Object before;  // null: created
  Object after;   // null: deleted
  // What a watcher sees of a deletion: the last state, at the revision of the delete.
  Object last;
};

class ObjectStore {
 public:
  struct Limits {
    size_t history_events = 8192;
    uint64_t journal_slack_bytes = 8 << 20;  // rewritten when this much is history
  };
  struct Page {
    std::vector<StoredObject> items;
    uint64_t revision = 0;  // of the store when it was read
  };

  ObjectStore(const std::string& directory, Limits limits);
  ~ObjectStore();

  // Holds the store's lock: what is read stays true until it is destroyed.
  class Transaction {
   public:
    explicit Transaction(ObjectStore& store) : store_(store), lock_(store.mutex_) {}
    Object Get(const ObjectKey& key) const;
    // All of one resource, or of one namespace of it if `name_space` is not empty.
    Page List(const std::string& resource, const std::string& name_space) const;
    // Every object of the store.
    Page ListAll() const;
    // Stamps metadata.resourceVersion; on disk on return. Returns what was stored.
    Object Put(const ObjectKey& key, nlohmann::json object);
    // Returns the last state, stamped with the delete's revision. REQUIRES: it exists.
    Object Delete(const ObjectKey& key);
    uint64_t revision() const { return store_.revision_; }

   private:
    ObjectStore& store_;
    std::lock_guard<std::mutex> lock_;
  };

  uint64_t revision() const;

  // Events after `revision`, of `resource` or of all if it is empty; waits up to
  // `wait_ms` if there is none. `next` is the revision to go on from. No value:
  // history does not reach back so far.
  struct Batch {
    std::vector<StoreEvent> events;
    uint64_t next = 0;
  };
  std::optional<Batch> Events(const std::string& resource, uint64_t revision, int wait_ms);

  // Forgets all history: any older watch is answered with 410.
  void CompactHistory();
  // Wakes every waiter of Events().
  void Wake();

 private:
  void Replay(std::string_view record);
  void Remember(StoreEvent event);
  void RewriteJournalIfLarge();

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ObjectKey, StoredObject> objects_;
  std::deque<StoreEvent> history_;  // revisions ascend
  uint64_t revision_ = 1;
  uint64_t forgotten_ = 1;  // history_ holds every event after this revision
  uint64_t wakes_ = 0;
  uint64_t live_bytes_at_rewrite_ = 0;
  std::unique_ptr<Journal> journal_;
};

}  // namespace windlass::api_server
