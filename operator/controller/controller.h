// Runs a Reconciler on the keys of a work queue.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "operator/workqueue/work_queue.h"

namespace windlass::controller {

struct Outcome {
  // Look again after this long even if nothing is heard; nothing: only when
  // something changes.
  std::optional<std::chrono::milliseconds> again;
  workqueue::Why why = workqueue::Why::kWork;  // kLook: nothing is expected to be done then
};

// One pass over one object, by name: it reads what it needs. May throw.
class Reconciler {
 public:
  virtual ~Reconciler() = default;
  virtual Outcome Reconcile(const std::string& key) = 0;
};

class Controller {
 public:
  // A pass that throws is repeated with growing delays; a conflict on a write
  // means only that the cache was behind, and is repeated soon.
  Controller(workqueue::WorkQueue& queue, Reconciler& reconciler) : queue_(queue), reconciler_(reconciler) {}
  ~Controller() { Stop(); }

  void Start(int workers);
  // Shuts the queue down and waits for the passes under way.
  void Stop();

  // One key: what a worker does. Public for tests.
  void Process(const std::string& key);

 private:
  workqueue::WorkQueue& queue_;
  Reconciler& reconciler_;
  std::vector<std::jthread> workers_;
};

}  // namespace windlass::controller
