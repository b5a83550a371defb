// AtomicMover: has the servers move slots as a whole (CLUSTER MIGRATESLOTS), and waits.
//
// The source does it all; this side orders, looks on and orders again. Whoever
// ordered may be killed at any time: the next mover for the same pair finds the
// job by CLUSTER GETSLOTMIGRATIONS and goes on waiting for it. What is left to move
// is always read off the two nodes.
//
// One Step() is bounded by time. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "node/slot/slot_set.h"
#include "operator/redis/slot_mover.h"

namespace windlass::redis {

// A slot migration as its source tells of it.
struct SlotExport {
  std::string name;
  std::string target_id;
  std::string state;
  std::string message;
  slot::SlotSet slots;
  bool over() const { return succeeded() || state == "failed" || state.compare(0, 6, "cancel") == 0; }
  bool succeeded() const { return state == "success"; }
};

// Of CLUSTER GETSLOTMIGRATIONS: exports only, newest first.
std::vector<SlotExport> ParseSlotExports(const Reply& reply);

class AtomicMover {
 public:
  AtomicMover(NodePool& pool, MoverNode source, MoverNode target, std::vector<slot::SlotId> slots);

  // Until all slots are the target's (true) or max_ms has passed. Throws
  // ConnectionFailure, or RefusedFailure when an order was refused or a job has
  // failed several times; Step may then be called again.
  bool Step(int64_t max_ms);
  const SlotMover::Progress& progress() const { return progress_; }

 private:
  const SlotExport* Running(const std::vector<SlotExport>& exports) const;
  void JudgeEnded(const std::vector<SlotExport>& exports);
  void ReadLeft();
  void Order();

  NodePool& pool_;
  MoverNode source_;
  MoverNode target_;
  slot::SlotSet left_;
  slot::SlotSet at_source_;  // of left_, as the source said last
  SlotMover::Progress progress_;
  std::string watched_;      // the job that is waited for
  int64_t job_keys_ = 0;     // in its slots when it was ordered
  int failures_ = 0;         // in a row
  std::chrono::steady_clock::time_point ownerless_since_ = std::chrono::steady_clock::now();
};

}  // namespace windlass::redis
