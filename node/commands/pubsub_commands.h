// SUBSCRIBE, PUBLISH, PUBSUB: the family, and what the cluster asks of it.
#pragma once

#include <functional>
#include <span>

#include "node/commands/command.h"
#include "node/slot/slot.h"

namespace windlass::commands {

std::span<const CommandSpec> PubSubCommands();

// Ends the subscriptions to sharded channels of slots for which `left` holds; the
// subscribers are told.
void LeaveLostShardChannels(Node& node, const std::function<bool(slot::SlotId)>& left);

}  // namespace windlass::commands
