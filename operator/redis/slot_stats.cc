// See slot_stats.h.
#include "operator/redis/slot_stats.h"

namespace windlass::redis {

std::vector<SlotStats> ParseSlotStats(const Reply& reply) {
  std::vector<SlotStats> rows;
  for (const Reply& row : reply.elements) {
    if (row.elements.size() != 2 || row.elements[0].type != Reply::kInteger) continue;
    const int64_t slot = row.elements[0].integer;
    if (slot < 0 || slot >= slot::kSlotCount) continue;
    SlotStats stats;
    stats.slot = static_cast<slot::SlotId>(slot);
    const auto& fields = row.elements[1].elements;
    for (size_t i = 0; i + 1 < fields.size(); i += 2) {
      if (fields[i + 1].type != Reply::kInteger) continue;
      const std::string& name = fields[i].text;
      if (name == "key-count") stats.keys = fields[i + 1].integer;
      if (name == "memory-bytes") stats.bytes = fields[i + 1].integer;
      if (name == "cpu-usec") stats.cpu_us = fields[i + 1].integer;
    }
    rows.push_back(stats);
  }
  return rows;
}

std::optional<std::vector<SlotStats>> ReadSlotStats(RedisAdmin& node) {
  const Reply reply = node.Call({"CLUSTER", "SLOT-STATS", "SLOTSRANGE", "0", std::to_string(slot::kSlotCount - 1)});
  if (reply.type != Reply::kArray) return std::nullopt;
  return ParseSlotStats(reply);
}

}  // namespace windlass::redis
