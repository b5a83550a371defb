// SlotRepair: brings slots out of every half-done state, losing no key.
//
// What can be wrong with a slot: marked migrating or importing by a mover that
// was killed; owned by nobody, or by several; keys in a master that does not own
// it. The owner is whom the nodes say, else the claimant (or master) with most
// keys, else the emptiest master. A move that both ends know of is finished;
// anything else is gathered at the owner and the marks are taken off.
//
// A key found at both ends is overwritten only if both values are the same, or
// if the caller said so. A slot whose owner does not answer is left alone unless
// the caller said so: it may come back with its keys.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "operator/redis/node_pool.h"
#include "operator/redis/slot_mover.h"
#include "operator/topology/cluster_view.h"

namespace windlass::redis {

struct SlotRepairOptions {
  bool replace = false;                  // of two different values the mover's source wins
  bool give_up_unreachable = false;      // slots of masters that do not answer are given to others
  int64_t migrate_timeout_ms = 60000;
  int64_t replicas_wait_ms = 0;          // see ReplicaPatience
};

class SlotRepair {
 public:
  // The view must outlive this. It is not refreshed: after repairs look again.
  SlotRepair(NodePool& pool, const topology::ClusterView& view, SlotRepairOptions options)
      : pool_(pool), view_(view), options_(options) {}

  // Slots that need repair, with what is wrong in a few words. Asks masters
  // that hold keys for those of slots they do not own.
  std::map<slot::SlotId, std::string> Find();

  // Throws RefusedFailure or ConnectionFailure; the slot is then no worse, and
  // can be repaired again.
  void Repair(slot::SlotId slot);

  std::function<void(const std::string&)> on_progress;

 private:
  using Node = topology::Node;

  void FindStrayKeys(std::map<slot::SlotId, std::string>& found);
  bool Unreachable(slot::SlotId slot) const;
  std::map<const Node*, int64_t> Holders(slot::SlotId slot);
  const Node* ChooseOwner(slot::SlotId slot, const std::map<const Node*, int64_t>& holders) const;
  const Node* MoveInFlight(slot::SlotId slot, const Node& owner,
                           const std::map<const Node*, int64_t>& holders) const;
  void FinishMove(slot::SlotId slot, const Node& owner, const Node& target);
  void TakeOwnership(slot::SlotId slot, const Node& owner);
  void Gather(slot::SlotId slot, const Node& from, const Node& owner);
  void MigrateKeys(slot::SlotId slot, const Node& from, const Node& to);
  void RequireEqualValues(slot::SlotId slot, const Node& from, const Node& to);
  void ClearMarks(slot::SlotId slot, const Node& owner);
  void Say(const std::string& text) const {
    if (on_progress) on_progress(text);
  }
  ReplicaPatience Patience() const {
    return {options_.replicas_wait_ms, [this](const std::string& text) { Say("   " + text); }};
  }
  RedisAdmin& At(const Node& node) { return pool_.At(node.address); }

  NodePool& pool_;
  const topology::ClusterView& view_;
  SlotRepairOptions options_;
};

}  // namespace windlass::redis
