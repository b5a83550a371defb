// A queue of keys for level-triggered work.
//
// A key is queued at most once; a key that is added while it is being worked on
// is queued again when it is done, never handed to two workers at once. Delayed
// adds keep the earliest time asked for. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace windlass::workqueue {

struct RateLimit {
  std::chrono::milliseconds first{50};  // doubles with each failure of a key
  std::chrono::milliseconds longest{30000};
};

class WorkQueue {
 public:
  using Clock = std::chrono::steady_clock;

  explicit WorkQueue(RateLimit limit = {}) : limit_(limit) {}

  void Add(const std::string& key);
  void AddAfter(const std::string& key, std::chrono::milliseconds delay);
  // After a failure: the delay grows with each until Forget().
  void AddRateLimited(const std::string& key);
  void Forget(const std::string& key);

  // Waits for a key; nothing once ShutDown() was called. The caller must call Done(key).
  std::optional<std::string> Get();
  void Done(const std::string& key);

  void ShutDown();
  size_t ready_count() const;

 private:
  void AddLocked(const std::string& key);
  // Moves what is due into the queue; the time of the next that is not.
  std::optional<Clock::time_point> PromoteDueLocked();

  const RateLimit limit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_. Invariant: queue_ holds exactly dirty_ \ processing_.
  std::deque<std::string> queue_;
  std::set<std::string> dirty_;
  std::set<std::string> processing_;
  std::map<std::string, Clock::time_point> delayed_;
  std::map<std::string, int> failures_;
  bool shut_down_ = false;
};

}  // namespace windlass::workqueue
