// What the families of containers share: finding one by key, checked for its
// type, and storing a result.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "node/commands/command.h"
#include "node/commands/notify.h"
#include "node/commands/ports.h"
#include "node/keyspace/keyspace.h"
#include "node/keyspace/object_edit.h"

namespace windlass::commands {

// The container at a key. Neither object nor refused: there is no such key.
template <typename T>
struct Found {
  keyspace::Entry* entry = nullptr;
  const T* object = nullptr;
  bool refused = false;  // another type: WRONGTYPE was replied
};

template <typename T>
Found<T> CheckedContainer(Call& call, keyspace::Entry* entry) {
  if (entry == nullptr) return {};
  if (entry->type() == T::kType) return {entry, static_cast<const T*>(entry->object()), false};
  call.reply.Error(kWrongType);
  return {entry, nullptr, true};
}

// Moves the access clock and counts hits and misses.
template <typename T>
Found<T> FindToRead(Call& call, std::string_view key) {
  return CheckedContainer<T>(call, call.db.FindRead(call.slot, key, call.now_ms, !call.client.Has(client::kNoTouch)));
}

template <typename T>
Found<T> FindToWrite(Call& call, std::string_view key) {
  return CheckedContainer<T>(call, call.db.Find(call.slot, key, call.now_ms));
}

inline const types::Limits& LimitsOf(const Call& call) { return call.db.keyspace().limits(); }

// The entry of `found`, or a new one with an empty container. An entry that is new
// must be given an element, or erased, before the command ends.
template <typename T>
keyspace::Entry& EntryOrNew(Call& call, std::string_view key, const Found<T>& found) {
  if (found.entry != nullptr) return *found.entry;
  return *call.db.InsertObject(call.slot, key, std::make_unique<T>());
}

inline std::function<uint64_t()> RandomOf(const Call& call) {
  return [random = call.node.random] { return random->Next(); };
}

// Deletes a key that a command found to be of no use any more: dirty, told, and "del".
inline void DeleteKey(Call& call, std::string_view key) {
  if (call.db.Unlink(call.slot, key)) Notify(call, NotifyClass::kGeneric, "del", key);
}

}  // namespace windlass::commands
