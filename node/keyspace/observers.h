// Who is told of what happens to keys. All on the loop's thread, called in the
// middle of a change: an observer must not change keys itself.
#pragma once

#include <string_view>

#include "node/keyspace/entry.h"
#include "node/slot/slot.h"

namespace windlass::keyspace {

class Database;

// For snapshots and migrations: sees the old state before it is lost.
class ChangeObserver {
 public:
  virtual ~ChangeObserver() = default;
  // `entry` is about to be overwritten, changed in place, given another expiry or
  // erased. May set its marks.
  virtual void BeforeChange(Database& db, slot::SlotId slot, Entry& entry) = 0;
  // `entry` has just been added under a key that did not exist. May set its marks.
  virtual void AfterInsert(Database& db, slot::SlotId slot, Entry& entry) = 0;
  // Every key of the slot is about to be dropped at once (FLUSHDB, a slot that
  // left); outside cluster mode the whole database is slot 0.
  virtual void BeforeDrop(Database& db, slot::SlotId slot) = 0;
  // The contents of two databases are about to change places.
  virtual void BeforeSwap(Database& a, Database& b) = 0;
};

// For WATCH, client-side caching, blocked clients: a key has changed, appeared or
// gone (expiry included).
class ChangeListener {
 public:
  virtual ~ChangeListener() = default;
  virtual void AfterChange(Database& db, slot::SlotId slot, std::string_view key) = 0;
  // Every key of the database may have changed.
  virtual void AfterFlush(Database& db) = 0;
  // The contents of two databases have changed places.
  virtual void AfterSwap(Database& a, Database& b) {
    AfterFlush(a);
    AfterFlush(b);
  }
};

// For propagation: a key was deleted because its time had come, so a DEL must go
// to the log before the command that noticed. Only where this node decides
// (ExpiryMode::kDelete).
class ExpiryListener {
 public:
  virtual ~ExpiryListener() = default;
  virtual void OnExpired(Database& db, slot::SlotId slot, std::string_view key) = 0;
  // Likewise for a key that had to go for lack of memory.
  virtual void OnEvicted(Database& db, slot::SlotId slot, std::string_view key) = 0;
};

// For keyspace events: a reader looked for a key that is not there. May not change keys.
class MissListener {
 public:
  virtual ~MissListener() = default;
  virtual void OnMiss(Database& db, std::string_view key) = 0;
};

}  // namespace windlass::keyspace
