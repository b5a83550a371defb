// A queue of keys for level-triggered work.
//
// A key is queued at most once; a key that is added while it is being worked on
// is queued again when it is done, never handed to two workers at once. Delayed
// adds keep the earliest time asked for.
//
// What has something to do goes before what is only looked at again: with a thousand keys
// the one that waits for its next step must not wait for all the others. One turn in
// four is for looks all the same. Of either, namespaces take turns. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "operator/workqueue/fair_line.h"

namespace windlass::workqueue {

struct RateLimit {
  std::chrono::milliseconds first{50};  // doubles with each failure of a key
  std::chrono::milliseconds longest{30000};
};

enum class Why { kWork, kLook };

class WorkQueue {
 public:
  using Clock = std::chrono::steady_clock;

  explicit WorkQueue(RateLimit limit = {}) : limit_(limit) {}

  void Add(const std::string& key);
  void AddAfter(const std::string& key, std::chrono::milliseconds delay, Why why = Why::kWork);
  // After a failure: the delay grows with each until Forget().
  void AddRateLimited(const std::string& key);
  void Forget(const std::string& key);

  // Waits for a key; nothing once ShutDown() was called. The caller must call Done(key).
  std::optional<std::string> Get();
  void Done(const std::string& key);

  void ShutDown();
  size_t ready_count() const;

 private:
  void AddLocked(const std::string& key, Why why);
  void EnqueueLocked(const std::string& key);
  std::string TakeLocked();
  // Moves what is due into the queue; the time of the next that is not.
  std::optional<Clock::time_point> PromoteDueLocked();

  const RateLimit limit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  struct Delayed {
    Clock::time_point due;
    Why why;
  };

  // Guarded by mutex_. Invariant: work_ and looks_ together hold exactly the keys of dirty_
  // that are not in processing_, each by its reason.
  FairLine work_, looks_;
  std::map<std::string, Why> dirty_;
  std::set<std::string> processing_;
  std::map<std::string, Delayed> delayed_;
  int turns_ = 0;  // since a look was last taken before work
  std::map<std::string, int> failures_;
  bool shut_down_ = false;
};

}  // namespace windlass::workqueue
