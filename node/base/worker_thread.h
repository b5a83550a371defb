// One helper thread that runs jobs in the order they were given: file writing,
// fsync, big frees. A job owns what it touches; it reports by posting to the loop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace windlass::base {

class WorkerThread {
 public:
  WorkerThread();
  // Runs what is queued, then joins.
  ~WorkerThread();
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  // Any thread.
  void Run(std::function<void()> job);
  // Returns when every job given before this call has ended.
  void Drain();

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;  // guarded by mutex_
  bool stopping_ = false;                   // guarded by mutex_
  std::thread thread_;                      // last: starts when all else stands
};

}  // namespace windlass::base
