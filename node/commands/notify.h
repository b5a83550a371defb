// One line in a handler for each keyspace event, after the change it tells of.
#pragma once

#include <string_view>

#include "node/commands/command.h"
#include "node/commands/ports.h"
#include "node/keyspace/database.h"

namespace windlass::commands {

inline void NotifyIn(Call& call, keyspace::Database& db, NotifyClass kind, std::string_view event,
                     std::string_view key) {
  if (call.node.key_events != nullptr) call.node.key_events->Publish(db.index(), kind, event, key);
}

// `event` is the name clients subscribe to: "hset", "del", "expire", ...
inline void Notify(Call& call, NotifyClass kind, std::string_view event, std::string_view key) {
  NotifyIn(call, call.db, kind, event, key);
}

}  // namespace windlass::commands
