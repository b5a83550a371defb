// One change of a container in place: the only way to make one.
//
//   keyspace::ObjectEdit edit(db, slot, key, *entry);  // observers see the old state
//   edit.As<types::Hash>().Set(...);
//   edit.Changed();                                    // once for each change that counts
//
// The destructor books the memory and, if something changed, tells the listener.
// Between the two no other change of the key may happen. Make one only when a
// change is certain or nearly so: the observers' copy is not free.
#pragma once

#include <cstdint>
#include <string_view>

#include "node/keyspace/database.h"

namespace windlass::keyspace {

class ObjectEdit {
 public:
  // REQUIRES: `entry` is the live entry of `key` and holds a container. `key` outlives this.
  ObjectEdit(Database& db, slot::SlotId slot, std::string_view key, Entry& entry);
  ~ObjectEdit();
  ObjectEdit(const ObjectEdit&) = delete;
  ObjectEdit& operator=(const ObjectEdit&) = delete;

  std::string_view key() const { return key_; }
  template <typename T>
  T& As() {
    return static_cast<T&>(*entry_->object());
  }
  // Adds to the dirty counter. Zero: the value is other bytes for the same content.
  void Changed(uint64_t changes = 1) {
    changed_ = true;
    dirty_ += changes;
  }
  // Adds to the dirty counter alone: what WATCH and waiting clients look at stays.
  void Counted(uint64_t changes) { dirty_ += changes; }
  // An empty container is no key: erases it at the end. Counts no change of its own.
  void EraseIf(bool empty) { erase_ = empty; }

 private:
  Database& db_;
  const slot::SlotId slot_;
  const std::string_view key_;
  Entry* entry_;
  const size_t bytes_before_;
  uint64_t dirty_ = 0;
  bool changed_ = false;
  bool erase_ = false;
};

}  // namespace windlass::keyspace
