// Tells subscribers what happens to keys: a message to __keyspace@<db>__:<key> and to
// __keyevent@<db>__:<event> for each event whose class notify-keyspace-events names.
//
// Most events are told by the commands themselves; "new" and "keymiss" by the keyspace,
// which this listens to only while they are wanted.
#pragma once

#include <cstdint>
#include <string>

#include "node/commands/ports.h"
#include "node/keyspace/observers.h"

namespace windlass::server {

class KeyEventPublisher final : public commands::KeyEvents,
                                private keyspace::ChangeObserver,
                                private keyspace::MissListener {
 public:
  explicit KeyEventPublisher(commands::Node* node) : node_(node) {}

  // The letters of notify-keyspace-events, as bits, have changed.
  void SetClasses(int64_t bits);

  void Publish(int db, commands::NotifyClass kind, std::string_view event, std::string_view key) override;

 private:
  void AfterInsert(keyspace::Database& db, slot::SlotId slot, keyspace::Entry& entry) override;
  void OnMiss(keyspace::Database& db, std::string_view key) override;
  void BeforeChange(keyspace::Database&, slot::SlotId, keyspace::Entry&) override {}
  void BeforeDrop(keyspace::Database&, slot::SlotId) override {}
  void BeforeSwap(keyspace::Database&, keyspace::Database&) override {}

  commands::Node* node_;
  int64_t classes_ = 0;
  bool observing_ = false;
  std::string channel_;
};

}  // namespace windlass::server
