// See slot_cleaner.h.
#include "node/server/slot_cleaner.h"

#include <string>
#include <string_view>
#include <vector>

#include "node/commands/internal_command.h"
#include "node/keyspace/keyspace.h"

namespace windlass::server {
namespace {

constexpr size_t kKeysPerUnlink = 100;

}  // namespace

void SlotCleaner::Add(const slot::SlotSet& slots) {
  pending_ |= slots;
  node_->keyspace->db(0).Hide(slots);
}

void SlotCleaner::UnlinkSome(slot::SlotId slot) {
  keyspace::Database& db = node_->keyspace->db(0);
  const std::vector<std::string> keys = db.KeysInSlot(slot, kKeysPerUnlink);
  std::vector<std::string_view> args{"UNLINK"};
  args.insert(args.end(), keys.begin(), keys.end());
  const size_t before = db.SlotSize(slot);
  commands::RunInternally(*node_, 0, args);
  // Keys past their time are not seen by UNLINK while writes are paused.
  if (db.SlotSize(slot) >= before) db.DropSlot(slot, /*later=*/true);
}

void SlotCleaner::Done(slot::SlotId slot) {
  slot::SlotSet one;
  one.Add(slot);
  pending_.Remove(slot);
  node_->keyspace->db(0).Unhide(one);
}

bool SlotCleaner::Step(int64_t budget_us) {
  const keyspace::Database& db = node_->keyspace->db(0);
  const int64_t end_us = node_->clock->MonotonicUs() + budget_us;
  for (int slot = pending_.Next(0); slot >= 0; slot = pending_.Next(slot)) {
    const slot::SlotId id = static_cast<slot::SlotId>(slot);
    if (db.SlotSize(id) > 0) UnlinkSome(id);
    if (db.SlotSize(id) == 0) Done(id);
    if (node_->clock->MonotonicUs() >= end_us) break;
  }
  return !pending_.empty();
}

void SlotCleaner::FinishNow(const slot::SlotSet& slots) {
  const keyspace::Database& db = node_->keyspace->db(0);
  slot::SlotSet emptied;
  slots.ForEach([&](slot::SlotId slot) {
    if (!pending_.Contains(slot)) return;
    while (db.SlotSize(slot) > 0) UnlinkSome(slot);
    emptied.Add(slot);
  });
  pending_ -= emptied;
  node_->keyspace->db(0).Unhide(emptied);
}

void SlotCleaner::Clear() {
  node_->keyspace->db(0).Unhide(pending_);
  pending_.Clear();
}

}  // namespace windlass::server
