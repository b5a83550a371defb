// See key_events.h.
#include "node/server/key_events.h"

#include "node/keyspace/keyspace.h"
#include "node/pubsub/broker.h"

namespace windlass::server {

using commands::NotifyClass;

namespace {

constexpr int64_t kToKeyspace = 1;  // K
constexpr int64_t kToKeyevent = 2;  // E

constexpr int64_t Bit(NotifyClass kind) { return static_cast<int64_t>(kind); }

}  // namespace

void KeyEventPublisher::SetClasses(int64_t bits) {
  classes_ = (bits & (kToKeyspace | kToKeyevent)) != 0 ? bits : 0;
  node_->key_events = classes_ != 0 ? this : nullptr;
  node_->keyspace->set_miss_listener((classes_ & Bit(NotifyClass::kKeyMiss)) != 0 ? this : nullptr);
  const bool observe = (classes_ & Bit(NotifyClass::kNew)) != 0;
  if (observe && !observing_) node_->keyspace->AddObserver(this);
  if (!observe && observing_) node_->keyspace->RemoveObserver(this);
  observing_ = observe;
}

void KeyEventPublisher::Publish(int db, NotifyClass kind, std::string_view event, std::string_view key) {
  if ((classes_ & Bit(kind)) == 0 || node_->pubsub->empty()) return;
  const std::string place = "@" + std::to_string(db) + "__:";
  if ((classes_ & kToKeyspace) != 0) {
    channel_.assign("__keyspace").append(place).append(key);
    node_->pubsub->Publish(channel_, event);
  }
  if ((classes_ & kToKeyevent) != 0) {
    channel_.assign("__keyevent").append(place).append(event);
    node_->pubsub->Publish(channel_, key);
  }
}

void KeyEventPublisher::AfterInsert(keyspace::Database& db, slot::SlotId slot, keyspace::Entry& entry) {
  if (!node_->status.loading) Publish(db.index(), NotifyClass::kNew, "new", entry.key());
}

void KeyEventPublisher::OnMiss(keyspace::Database& db, std::string_view key) {
  Publish(db.index(), NotifyClass::kKeyMiss, "keymiss", key);
}

}  // namespace windlass::server
