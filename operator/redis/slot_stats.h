// CLUSTER SLOT-STATS: what each slot of a node holds and costs, as far as it says.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "node/slot/slot.h"
#include "operator/redis/redis_admin.h"

namespace windlass::redis {

struct SlotStats {
  slot::SlotId slot = 0;
  int64_t keys = 0;
  std::optional<int64_t> bytes;   // of memory
  std::optional<int64_t> cpu_us;  // of commands, since counting began
};

// What is no row is left out.
std::vector<SlotStats> ParseSlotStats(const Reply& reply);

// Of all slots that the node owns; nothing if it does not know the command.
// Throws ConnectionFailure.
std::optional<std::vector<SlotStats>> ReadSlotStats(RedisAdmin& node);

}  // namespace windlass::redis
