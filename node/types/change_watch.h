// Who reads a large container in steps, with changes between, and takes what is about
// to change before it does. A container tells its watches of the smallest part that a
// change touches: of an element, of a list's chunk, of a stream's node. Only large
// forms can be watched.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "node/types/stream_id.h"

namespace windlass::types {

class Object;

class ChangeWatch {
 public:
  virtual ~ChangeWatch() = default;
  // Hash, set, sorted set: this field or member is about to be added, changed or removed,
  // or nothing happens to it.
  virtual void BeforeElement(std::string_view element) {}
  // List: the chunk is about to change, about to go, or has just come.
  virtual void BeforeChunk(size_t chunk) {}
  virtual void BeforeChunkGoes(size_t chunk) {}
  virtual void AfterChunkCame(size_t chunk) {}
  // Stream: the node is about to change or to go, or has just come.
  virtual void BeforeNode(StreamId master) {}
  virtual void AfterNodeCame(StreamId master) {}
  // Stream: groups, or a group, may change.
  virtual void BeforeGroups() {}
  // The container, still whole, is about to be freed.
  virtual void BeforeGone() {}
};

// The watches of one container: eight bytes while there are none.
class Watches {
 public:
  Watches() = default;
  Watches(const Watches&) {}  // nobody watches a copy
  Watches& operator=(const Watches&) = delete;

  void Add(ChangeWatch* watch) {
    if (list_ == nullptr) list_ = std::make_unique<List>();
    list_->push_back(watch);
  }
  void Remove(ChangeWatch* watch) {
    if (list_ == nullptr) return;
    list_->erase(std::remove(list_->begin(), list_->end(), watch), list_->end());
    if (list_->empty()) list_.reset();
  }
  // Calls f(ChangeWatch&) for each, which may remove itself.
  template <typename F>
  void Tell(F&& f) const {
    if (list_ == nullptr) [[likely]] return;
    const List told = *list_;
    for (ChangeWatch* watch : told) f(*watch);
  }

 private:
  using List = std::vector<ChangeWatch*>;
  std::unique_ptr<List> list_;
};

// Null: it is in a form that is too small for steps.
Watches* WatchesOf(const Object& object);
// The container is about to be freed, by whatever thread: who watches it has to know now.
void TellGone(const Object& object);

}  // namespace windlass::types
