// See work_queue.h.
#include "operator/workqueue/work_queue.h"

#include <algorithm>

namespace windlass::workqueue {

void WorkQueue::AddLocked(const std::string& key) {
  if (shut_down_ || !dirty_.insert(key).second) return;
  delayed_.erase(key);  // sooner than asked for
  if (processing_.count(key) != 0) return;
  queue_.push_back(key);
  changed_.notify_one();
}

void WorkQueue::Add(const std::string& key) {
  const std::lock_guard lock(mutex_);
  AddLocked(key);
}

void WorkQueue::AddAfter(const std::string& key, std::chrono::milliseconds delay) {
  const std::lock_guard lock(mutex_);
  if (delay <= std::chrono::milliseconds::zero()) return AddLocked(key);
  if (shut_down_) return;
  const auto due = Clock::now() + delay;
  const auto [entry, added] = delayed_.try_emplace(key, due);
  if (!added) entry->second = std::min(entry->second, due);
  changed_.notify_one();
}

void WorkQueue::AddRateLimited(const std::string& key) {
  std::chrono::milliseconds delay = limit_.first;
  {
    const std::lock_guard lock(mutex_);
    for (int i = failures_[key]++; i > 0 && delay < limit_.longest; --i) delay *= 2;
  }
  AddAfter(key, std::min(delay, limit_.longest));
}

void WorkQueue::Forget(const std::string& key) {
  const std::lock_guard lock(mutex_);
  failures_.erase(key);
}

std::optional<WorkQueue::Clock::time_point> WorkQueue::PromoteDueLocked() {
  const auto now = Clock::now();
  std::optional<Clock::time_point> next;
  for (auto entry = delayed_.begin(); entry != delayed_.end();) {
    if (entry->second <= now) {
      const std::string key = entry->first;
      entry = delayed_.erase(entry);
      AddLocked(key);
    } else {
      next = next ? std::min(*next, entry->second) : entry->second;
      ++entry;
    }
  }
  return next;
}

std::optional<std::string> WorkQueue::Get() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (shut_down_) return std::nullopt;
    const auto next = PromoteDueLocked();
    if (!queue_.empty()) break;
    if (next) {
      changed_.wait_until(lock, *next);
    } else {
      changed_.wait(lock);
    }
  }
  std::string key = std::move(queue_.front());
  queue_.pop_front();
  dirty_.erase(key);
  processing_.insert(key);
  return key;
}

void WorkQueue::Done(const std::string& key) {
  const std::lock_guard lock(mutex_);
  processing_.erase(key);
  if (dirty_.count(key) == 0) return;
  queue_.push_back(key);
  changed_.notify_one();
}

void WorkQueue::ShutDown() {
  const std::lock_guard lock(mutex_);
  shut_down_ = true;
  changed_.notify_all();
}

size_t WorkQueue::ready_count() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

}  // namespace windlass::workqueue
