// See worker_thread.h.
#include "node/base/worker_thread.h"

#include <future>
#include <utility>

namespace windlass::base {

WorkerThread::WorkerThread() : thread_([this] { Loop(); }) {}

WorkerThread::~WorkerThread() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void WorkerThread::Run(std::function<void()> job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void WorkerThread::Drain() {
  auto reached = std::make_shared<std::promise<void>>();
  std::future<void> done = reached->get_future();
  Run([reached] { reached->set_value(); });
  done.wait();
}

void WorkerThread::Loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // what it captured is freed here, not under the lock
    lock.lock();
  }
}

}  // namespace windlass::base
