// See work_queue.h.
#include "operator/workqueue/work_queue.h"

#include <algorithm>

namespace windlass::workqueue {

void WorkQueue::EnqueueLocked(const std::string& key) {
  (dirty_.at(key) == Why::kWork ? work_ : looks_).Push(key);
  changed_.notify_one();
}

void WorkQueue::AddLocked(const std::string& key, Why why) {
  if (shut_down_) return;
  const auto [entry, added] = dirty_.try_emplace(key, why);
  const bool promoted = !added && entry->second == Why::kLook && why == Why::kWork;
  if (!added && !promoted) return;
  entry->second = why;
  delayed_.erase(key);  // sooner than asked for
  if (processing_.count(key) != 0) return;
  if (promoted) looks_.Remove(key);
  EnqueueLocked(key);
}

void WorkQueue::Add(const std::string& key) {
  const std::lock_guard lock(mutex_);
  AddLocked(key, Why::kWork);
}

void WorkQueue::AddAfter(const std::string& key, std::chrono::milliseconds delay, Why why) {
  const std::lock_guard lock(mutex_);
  if (delay <= std::chrono::milliseconds::zero()) return AddLocked(key, why);
  if (shut_down_) return;
  const auto due = Clock::now() + delay;
  const auto [entry, added] = delayed_.try_emplace(key, Delayed{due, why});
  if (!added && due < entry->second.due) entry->second = {due, why};
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
    if (entry->second.due <= now) {
      const auto [key, delayed] = *entry;
      entry = delayed_.erase(entry);
      AddLocked(key, delayed.why);
    } else {
      next = next ? std::min(*next, entry->second.due) : entry->second.due;
      ++entry;
    }
  }
  return next;
}

// REQUIRES: there is one.
std::string WorkQueue::TakeLocked() {
  constexpr int kTurnsOfWork = 3;
  const bool look = work_.empty() || (!looks_.empty() && turns_ >= kTurnsOfWork);
  turns_ = look ? 0 : turns_ + 1;
  return (look ? looks_ : work_).Pop();
}

std::optional<std::string> WorkQueue::Get() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (shut_down_) return std::nullopt;
    const auto next = PromoteDueLocked();
    if (!work_.empty() || !looks_.empty()) break;
    if (next) {
      changed_.wait_until(lock, *next);
    } else {
      changed_.wait(lock);
    }
  }
  std::string key = TakeLocked();
  dirty_.erase(key);
  processing_.insert(key);
  return key;
}

void WorkQueue::Done(const std::string& key) {
  const std::lock_guard lock(mutex_);
  processing_.erase(key);
  if (dirty_.count(key) != 0) EnqueueLocked(key);
}

void WorkQueue::ShutDown() {
  const std::lock_guard lock(mutex_);
  shut_down_ = true;
  changed_.notify_all();
}

size_t WorkQueue::ready_count() const {
  const std::lock_guard lock(mutex_);
  return work_.size() + looks_.size();
}

}  // namespace windlass::workqueue
