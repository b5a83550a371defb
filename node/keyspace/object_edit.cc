// See object_edit.h.
#include "node/keyspace/object_edit.h"

#include <cassert>

#include "node/keyspace/keyspace.h"

namespace windlass::keyspace {

ObjectEdit::ObjectEdit(Database& db, slot::SlotId slot, std::string_view key, Entry& entry)
    : db_(db), slot_(slot), key_(key), entry_(&entry), bytes_before_(entry.ExternalBytes()) {
  assert(entry.type() != types::Type::kString);
  db_.BeforeChange(slot_, entry);
}

ObjectEdit::~ObjectEdit() {
  // What has kept its size needs no looking up again: most changes.
  if (erase_ || entry_->ExternalBytes() != bytes_before_) {
    const Database::Found found = db_.Locate(slot_, key_);
    assert(found.entry == entry_);
    db_.BookObject(slot_, found, bytes_before_);
    if (erase_) {
      db_.Unhook(slot_, found);
      changed_ = true;
    }
  }
  if (changed_) {
    db_.ChangedBy(slot_, key_, dirty_);
  } else {
    db_.keyspace_.dirty_ += dirty_;
  }
  if (erase_) db_.keyspace_.Discard(entry_, false);
}

}  // namespace windlass::keyspace
