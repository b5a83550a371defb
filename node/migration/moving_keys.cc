// See moving_keys.h.
#include "node/migration/moving_keys.h"

#include "node/keyspace/keyspace.h"
#include "node/persistence/dump_stream.h"

namespace windlass::migration {

MovingKeys::~MovingKeys() {
  if (keys_.empty()) return;
  keyspace_->RemoveObserver(this);
  // Who still has one of the streams may outlive the value.
  for (auto& [key, state] : keys_) NoteChange(&state);
}

bool MovingKeys::Add(int db, std::string_view key) {
  const bool first = keys_.empty();
  if (!keys_.try_emplace({db, std::string(key)}).second) return false;
  if (first) keyspace_->AddObserver(this);
  return true;
}

void MovingKeys::ReadBy(int db, std::string_view key, std::shared_ptr<persistence::DumpStream> stream) {
  keys_.find(std::pair<int, std::string_view>(db, key))->second.stream = std::move(stream);
}

bool MovingKeys::Remove(int db, std::string_view key) {
  const auto found = keys_.find(std::pair<int, std::string_view>(db, key));
  if (found == keys_.end()) return false;
  const bool changed = found->second.changed;
  keys_.erase(found);
  if (keys_.empty()) keyspace_->RemoveObserver(this);
  return changed;
}

void MovingKeys::NoteChange(State* state) {
  state->changed = true;
  if (state->stream != nullptr) state->stream->Break();
}

void MovingKeys::NoteChangeOf(const keyspace::Database& db, std::string_view key) {
  const auto found = keys_.find(std::pair<int, std::string_view>(db.index(), key));
  if (found != keys_.end()) NoteChange(&found->second);
}

void MovingKeys::BeforeChange(keyspace::Database& db, slot::SlotId, keyspace::Entry& entry) {
  NoteChangeOf(db, entry.key());
}

void MovingKeys::AfterInsert(keyspace::Database& db, slot::SlotId, keyspace::Entry& entry) {
  NoteChangeOf(db, entry.key());
}

void MovingKeys::BeforeDrop(keyspace::Database& db, slot::SlotId slot) {
  for (auto& [key, state] : keys_) {
    if (key.first == db.index() && (!db.slotted() || slot::KeySlot(key.second) == slot)) NoteChange(&state);
  }
}

void MovingKeys::BeforeSwap(keyspace::Database& a, keyspace::Database& b) {
  for (auto& [key, state] : keys_) {
    if (key.first == a.index() || key.first == b.index()) NoteChange(&state);
  }
}

}  // namespace windlass::migration
