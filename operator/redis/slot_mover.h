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
// A few slots are open at once and each step above goes to all of them in one
// round trip: nodes save nodes.conf once for all, and nearly empty slots cost
// next to nothing. The keys of one round trip are bounded, so that a slot with
// many keys is moved in many small MIGRATEs.
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
#include "operator/redis/set_slot.h"

namespace windlass::redis {

struct MoverNode {
  std::string id;
  Address address;  // as we reach it, and as the other node of the pair reaches it
};

struct SlotMoverOptions {
  // Keys per MIGRATE. 0: start small and grow while a MIGRATE stays quick, so
  // that clients of either node wait little; else exactly this many.
  int pipeline = 0;
  // MIGRATE's own timeout: how long a read or write may stand still.
  int64_t migrate_timeout_ms = 60000;
  // A key that already exists at the target (BUSYKEY): fail, or overwrite it by
  // the source's, which is the owner until the slot has changed hands.
  bool replace = false;
  // Slots open at once, so that marks are set, and saved by the nodes, together.
  int window = 16;
  // A master whose replicas do not keep up (see set_slot.h). Where one waits, a Step may
  // take as much longer.
  ReplicaPatience patience = {};
};

class SlotMover {
 public:
  struct Progress {
    int slots_done = 0;
    int slots_total = 0;
    int64_t keys_moved = 0;
    bool finished() const { return slots_done == slots_total; }
  };

  // `others`: the remaining masters, to be told (a replica refuses to be; one
  // that does not answer is passed over: gossip will tell it).
  SlotMover(NodePool& pool, MoverNode source, MoverNode target, std::vector<MoverNode> others,
            std::vector<slot::SlotId> slots, SlotMoverOptions options);

  // Moves until max_slots slots have changed hands or max_ms has passed (looked
  // at between commands), whichever is first; true when all are done. When time
  // is up some slots may be half moved: the next Step goes on with them.
  // A slot that the target owns already only has its marks cleared.
  // Throws ConnectionFailure or RefusedFailure; Step may then be called again.
  bool Step(int max_slots, int64_t max_ms);

  const Progress& progress() const { return progress_; }

  std::function<void(slot::SlotId)> on_slot_start;
  std::function<void(int64_t keys)> on_keys_moved;  // after each round trip that moved some

 private:
  struct OpenSlot {
    slot::SlotId slot = 0;
    std::vector<std::string> keys;  // to move next, as GETKEYSINSLOT gave them
    bool asked = false;             // keys is an answer, not just empty
    bool replace = false;           // an earlier MIGRATE ended unknown: its keys may be at both ends
    int failures = 0;               // IOERR in a row
    int stuck = 0;                  // the same keys came back, in a row
    bool Emptied() const { return asked && keys.empty(); }
  };

  void RequireTargetUp();
  void OpenWindow(int max_slots);
  void MarkImporting(const std::vector<slot::SlotId>& slots);
  void MarkMigrating();
  void UnmarkRefused(slot::SlotId slot);
  void MoveSomeKeys();
  Command MigrateCommand(const OpenSlot& open) const;
  void JudgeMigrate(OpenSlot& open, const Reply& reply);
  void TakeKeys(OpenSlot& open, const Reply& reply);
  int CloseEmptied();
  void TellOthers();
  void AdaptBatch(int64_t took_us, int keys);

  NodePool& pool_;
  MoverNode source_;
  MoverNode target_;
  std::vector<MoverNode> others_;
  std::vector<slot::SlotId> slots_;
  SlotMoverOptions options_;
  Progress progress_;
  bool target_up_ = false;
  size_t next_ = 0;                   // slots_[next_...] have not been opened
  std::vector<OpenSlot> window_;
  std::vector<slot::SlotId> untold_;  // closed, the others not told
  int batch_;                         // keys per round trip now
};

}  // namespace windlass::redis
