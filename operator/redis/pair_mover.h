// PairMover: moves slots from one master to another in the way their servers allow
// (topology::ChooseWay): as a whole, or key by key. Slots that were found half moved
// key by key are brought to an end that way first.
//
// One Step() is bounded by slots and time. Not thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "operator/redis/atomic_mover.h"
#include "operator/redis/slot_mover.h"
#include "operator/topology/move_way.h"

namespace windlass::redis {

// ChooseWay, unless the options speak of MIGRATE itself: a number of keys for each.
topology::MoveWay WayOf(const topology::ClusterView& view, const std::string& from_id, const std::string& to_id,
                        const SlotMoverOptions& options);
// "at once: both …" or "key by key: … is a redis-server 7.0.15, which …".
inline std::string WayText(const topology::MoveWay& way) { return (way.atomic ? "at once: " : "key by key: ") + way.why; }

class PairMover {
 public:
  // What is read of `view` is read here. `others`: see SlotMover.
  PairMover(NodePool& pool, const topology::ClusterView& view, MoverNode source, MoverNode target,
            std::vector<MoverNode> others, const std::vector<slot::SlotId>& slots, SlotMoverOptions options);

  PairMover(const PairMover&) = delete;
  PairMover& operator=(const PairMover&) = delete;

  // As SlotMover::Step. A server that turns out not to know the atomic way changes way();
  // one that merely failed at it does not.
  bool Step(int max_slots, int64_t max_ms);
  SlotMover::Progress progress() const;
  const topology::MoveWay& way() const { return way_; }
  std::string WayText() const { return redis::WayText(way_); }

  std::function<void(slot::SlotId)> on_slot_start;  // of those that go key by key

 private:
  void FallBack(const std::string& why);
  SlotMover MakeClassic(std::vector<slot::SlotId> slots);

  NodePool& pool_;
  MoverNode source_;
  MoverNode target_;
  std::vector<MoverNode> others_;
  SlotMoverOptions options_;
  topology::MoveWay way_;
  std::vector<slot::SlotId> whole_;    // for the atomic way
  std::optional<SlotMover> classic_;
  std::optional<AtomicMover> atomic_;
};

}  // namespace windlass::redis
