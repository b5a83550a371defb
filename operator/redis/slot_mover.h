// SlotMover: moves slots from one master to another, live, in bounded steps.
//
// The classic way, which every Redis since 3.0 understands. For each slot:
//
//   target:  CLUSTER SETSLOT s IMPORTING source
//   source:  CLUSTER SETSLOT s MIGRATING target
//   source:  CLUSTER GETKEYSINSLOT s n, MIGRATE … KEYS …      until none is left
//   target:  CLUSTER SETSLOT s NODE target      (first: from here the slot has an
//   source:  CLUSTER SETSLOT s NODE target       owner whatever happens to us)
//   others:  CLUSTER SETSLOT s NODE target      (masters; replicas hear by gossip)
//
// Safe to stop or be killed between any two commands: a slot half moved keeps
// both marks and is served through ASK; a new mover (or `fix`) for the same
// pair takes it up where it is. A key is never deleted by us: MIGRATE deletes it
// at the source after the target has confirmed it.
//
// One Step() is bounded by slots and by time, so that a caller can look at the
// world between steps (a Lease, a spec that changed). Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "node/slot/slot.h"
#include "operator/redis/node_pool.h"

namespace windlass::redis {

struct MoverNode {
  std::string id;
  Address address;  // as we reach it, and as the other node of the pair reaches it
};

struct SlotMoverOptions {
  // Keys per MIGRATE. 0: start small and grow while a MIGRATE stays quick, so
  // that clients of either node wait little; else exactly this many.
  int pipeline = 0;
  int64_t migrate_timeout_ms = 60000;  // MIGRATE's own timeout: idle time, not duration
  // A key that already exists at the target (BUSYKEY): fail, or overwrite it by
  // the source's, which is the owner until the slot has changed hands.
  bool replace = false;
};

class SlotMover {
 public:
  struct Progress {
    int slots_done = 0;
    int slots_total = 0;
    int64_t keys_moved = 0;
    bool finished() const { return slots_done == slots_total; }
  };

  // `others`: the remaining masters (and, best effort, replicas) to be told.
  // A slot already owned by the target is passed over after its marks are
  // cleared. Throws ConnectionFailure / RefusedFailure from Step; after a throw
  // the mover can be stepped again (it repeats the slot it was at).
  SlotMover(NodePool& pool, MoverNode source, MoverNode target, std::vector<MoverNode> others,
            std::vector<slot::SlotId> slots, SlotMoverOptions options);

  // Moves until max_slots slots are done or max_ms has passed (looked at between
  // commands), whichever is first; true when all are done. After the time is up
  // a slot may be half moved: the next Step goes on with it.
  bool Step(int max_slots, int64_t max_ms);

  const Progress& progress() const { return progress_; }

  // Called when a slot starts to move / every few keys of a long slot.
  std::function<void(slot::SlotId)> on_slot_start;
  std::function<void(int64_t keys)> on_keys_moved;

 private:
  struct Deadline;
  void OpenSlot(slot::SlotId slot);
  bool MoveKeys(slot::SlotId slot, int64_t deadline_us);
  void MigrateBatch(slot::SlotId slot, const std::vector<std::string>& keys);
  void CloseSlot(slot::SlotId slot);
  void AdaptBatch(int64_t took_us, size_t keys);

  NodePool& pool_;
  MoverNode source_;
  MoverNode target_;
  std::vector<MoverNode> others_;
  std::vector<slot::SlotId> slots_;
  SlotMoverOptions options_;
  Progress progress_;
  bool open_ = false;                    // slots_[slots_done] carries its marks
  std::vector<std::string> next_keys_;   // fetched along with the last MIGRATE
  int batch_;
};

}  // namespace windlass::redis
