// See hot_slots.h.
#include "operator/reconcile/hot_slots.h"

#include <map>

#include "operator/autoscale/metric.h"
#include "operator/base/log.h"

namespace windlass::reconcile {
namespace {

constexpr int64_t kReadEveryMs = 5000;
constexpr double kHotShare = 0.5;

// One key of the slot, for people to know it by.
std::string KeyIn(redis::RedisAdmin& node, int slot) {
  const redis::Reply reply = node.Call({"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), "1"});
  return reply.elements.empty() ? "" : reply.elements.front().text.substr(0, 100);
}

}  // namespace

std::optional<autoscale::HotSlot> FindHotSlot(const std::vector<redis::SlotStats>& before, const std::vector<redis::SlotStats>& now) {
  std::map<slot::SlotId, int64_t> earlier;
  for (const redis::SlotStats& row : before) {
    if (row.cpu_us) earlier[row.slot] = *row.cpu_us;
  }
  autoscale::HotSlot hot;
  int64_t all = 0, most = 0;
  for (const redis::SlotStats& row : now) {
    const auto found = earlier.find(row.slot);
    if (!row.cpu_us || found == earlier.end() || *row.cpu_us < found->second) continue;
    const int64_t added = *row.cpu_us - found->second;
    all += added;
    if (added <= most) continue;
    most = added;
    hot.slot = row.slot;
  }
  if (all == 0) return std::nullopt;
  hot.share = static_cast<double>(most) / static_cast<double>(all);
  if (hot.share < kHotShare) return std::nullopt;
  return hot;
}

void WatchHotSlots(const World& world, const autoscale::Sample* last, const redis::AdminOptions& admin, HotSlotWatch* watch) {
  const std::string name = last == nullptr ? "" : autoscale::MostLoaded(*world.spec().autoscaling, *last);
  const Shard* shard = name.empty() ? nullptr : world.FindShard(name);
  if (shard == nullptr || shard->owner == nullptr) {
    *watch = {};
    return;
  }
  if (watch->shard != name) *watch = {name, 0, {}, std::nullopt};
  if (world.now_ms - watch->read_ms < kReadEveryMs) return;
  watch->read_ms = world.now_ms;
  try {
    redis::RedisAdmin node(shard->owner->address, admin);
    auto now = redis::ReadSlotStats(node).value_or(std::vector<redis::SlotStats>());
    if (!watch->last.empty()) {
      watch->found = FindHotSlot(watch->last, now);
      if (watch->found) watch->found->key = KeyIn(node, watch->found->slot);
    }
    watch->last = std::move(now);
  } catch (const base::Failure& failure) {
    base::Log(base::LogLevel::kDebug, "no look at the slots of a loaded shard", {{"cluster", world.cluster->key()}, {"why", failure.what()}});
  }
}

}  // namespace windlass::reconcile
