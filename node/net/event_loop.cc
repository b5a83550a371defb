// The event loop on epoll. See event_loop.h.
#include "node/net/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "node/net/connection.h"

namespace windlass::net {
namespace {

constexpr int kMaxEventsPerTurn = 256;

int64_t ReadMonotonicUs() {
  timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return static_cast<int64_t>(ts.tv_sec) * 1000000 + ts.tv_nsec / 1000;
}

int64_t ReadUnixMs() {
  timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  return static_cast<int64_t>(ts.tv_sec) * 1000 + ts.tv_nsec / 1000000;
}

int64_t ToUs(int64_t ms) {
  constexpr int64_t kLongestMs = INT64_MAX / 4000;  // "never" must not overflow
  return std::min(ms, kLongestMs) * 1000;
}

uint32_t ToEpoll(uint32_t events) {
  return ((events & kReadable) != 0 ? static_cast<uint32_t>(EPOLLIN) : 0u) |
         ((events & kWritable) != 0 ? static_cast<uint32_t>(EPOLLOUT) : 0u);
}

void EpollOrDie(int epoll_fd, int op, int fd, uint32_t events, uint32_t generation) {
  epoll_event event{};
  event.events = ToEpoll(events);
  event.data.u64 = static_cast<uint64_t>(generation) << 32 | static_cast<uint32_t>(fd);
  if (epoll_ctl(epoll_fd, op, fd, &event) != 0) {
    std::perror("epoll_ctl");
    std::abort();  // a descriptor watched twice, or not at all: a programming error
  }
}

// std::*_heap make a max-heap; the earliest timer is to be on top.
struct Later {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return a.due_us > b.due_us;
  }
};

}  // namespace

EventLoop::EventLoop() : read_buffer_(new char[kReadBufferBytes]) {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (epoll_fd_ < 0 || wake_fd_ < 0) {
    std::perror("event loop");
    std::abort();
  }
  // Data ~0 marks the wake-up descriptor, which has no handler.
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = ~uint64_t{0};
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event);
  UpdateTime();
}

EventLoop::~EventLoop() {
  graveyard_.clear();
  close(wake_fd_);
  close(epoll_fd_);
}

void EventLoop::UpdateTime() {
  now_ms_ = ReadUnixMs();
  monotonic_us_ = ReadMonotonicUs();
}

void EventLoop::Watch(int fd, uint32_t events, FdHandler* handler) {
  if (static_cast<size_t>(fd) >= watched_.size()) watched_.resize(static_cast<size_t>(fd) * 2 + 16);
  Watched& entry = watched_[fd];
  entry.handler = handler;
  entry.events = events;
  ++entry.generation;
  if (entry.generation == ~uint32_t{0}) entry.generation = 1;  // all ones mark the wake-up descriptor
  EpollOrDie(epoll_fd_, EPOLL_CTL_ADD, fd, events, entry.generation);
}

void EventLoop::Modify(int fd, uint32_t events) {
  Watched& entry = watched_[fd];
  if (entry.events == events) return;
  entry.events = events;
  EpollOrDie(epoll_fd_, EPOLL_CTL_MOD, fd, events, entry.generation);
}

void EventLoop::Unwatch(int fd) {
  Watched& entry = watched_[fd];
  if (entry.handler == nullptr) return;
  entry.handler = nullptr;
  entry.events = 0;
  epoll_event unused{};
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, &unused);
}

TimerId EventLoop::AddTimer(int64_t us, bool repeat, std::function<void()> fn) {
  const TimerId id = next_timer_++;
  const int64_t period_us = std::max<int64_t>(us, repeat ? 1000 : 0);
  timers_.push_back({ReadMonotonicUs() + period_us, repeat ? period_us : 0, id});
  std::push_heap(timers_.begin(), timers_.end(), Later());
  timer_functions_.emplace(id, std::move(fn));
  return id;
}

TimerId EventLoop::After(int64_t ms, std::function<void()> fn) { return AddTimer(ToUs(ms), false, std::move(fn)); }
TimerId EventLoop::Every(int64_t ms, std::function<void()> fn) { return AddTimer(ToUs(ms), true, std::move(fn)); }
TimerId EventLoop::AfterUs(int64_t us, std::function<void()> fn) { return AddTimer(us, false, std::move(fn)); }

// The heap entry stays until it is due and is then found to have no function.
void EventLoop::Cancel(TimerId id) { timer_functions_.erase(id); }

void EventLoop::RunTimers() {
  // Timers added while others run wait for the next turn: no endless loop here.
  const TimerId newest = next_timer_;
  std::vector<Timer> postponed;
  while (!timers_.empty() && timers_.front().due_us <= monotonic_us_) {
    std::pop_heap(timers_.begin(), timers_.end(), Later());
    Timer timer = timers_.back();
    timers_.pop_back();
    const auto it = timer_functions_.find(timer.id);
    if (it == timer_functions_.end()) continue;
    if (timer.id >= newest) {
      postponed.push_back(timer);
      continue;
    }
    if (timer.period_us == 0) {
      const std::function<void()> fn = std::move(it->second);
      timer_functions_.erase(it);
      fn();
      continue;
    }
    // After a long stall a periodic timer runs once, not once per missed period.
    timer.due_us = monotonic_us_ + timer.period_us;
    postponed.push_back(timer);
    const std::function<void()> fn = it->second;  // it may cancel itself
    fn();
  }
  for (const Timer& timer : postponed) {
    timers_.push_back(timer);
    std::push_heap(timers_.begin(), timers_.end(), Later());
  }
}

void EventLoop::Post(std::function<void()> fn) {
  {
    const std::lock_guard<std::mutex> lock(posted_mutex_);
    posted_.push_back(std::move(fn));
    has_posted_.store(true, std::memory_order_release);
  }
  Wake();
}

void EventLoop::Wake() {
  const uint64_t one = 1;
  const ssize_t n = write(wake_fd_, &one, sizeof one);
  (void)n;  // full means that a wake-up is pending already
}

void EventLoop::RunPosted() {
  if (!has_posted_.load(std::memory_order_acquire)) return;
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard<std::mutex> lock(posted_mutex_);
    work.swap(posted_);
    has_posted_.store(false, std::memory_order_release);
  }
  for (const auto& fn : work) fn();
}

void EventLoop::AtTurnEnd(std::function<void()> fn) { turn_end_.push_back(std::move(fn)); }

void EventLoop::AfterFlush(std::function<void()> fn) { after_flush_.push_back(std::move(fn)); }

void EventLoop::FlushLater(Connection* connection) { to_flush_.push_back(connection); }

void EventLoop::ForgetFlush(Connection* connection) {
  for (Connection*& entry : to_flush_) {
    if (entry == connection) entry = nullptr;
  }
}

void EventLoop::EndTurn() {
  for (const auto& hook : turn_end_) hook();
  FlushAll();
  for (const auto& hook : after_flush_) hook();
  FlushAll();
  graveyard_.clear();
}

void EventLoop::FlushAll() {
  // A flush can close a connection, whose owner may write to others.
  for (size_t i = 0; i < to_flush_.size(); ++i) {
    if (Connection* connection = std::exchange(to_flush_[i], nullptr)) connection->Flush();
  }
  to_flush_.clear();
}

int64_t EventLoop::WaitUs(int64_t max_wait_us) const {
  if (!timers_.empty()) {
    const int64_t wait_us = std::max<int64_t>(timers_.front().due_us - ReadMonotonicUs(), 0);
    if (max_wait_us < 0 || wait_us < max_wait_us) max_wait_us = wait_us;
  }
  if (has_posted_.load(std::memory_order_acquire)) return 0;
  return max_wait_us;
}

// Milliseconds, rounded up, are fine for all but the shortest waits.
int EventLoop::Wait(epoll_event* events, int64_t timeout_us) const {
  constexpr int64_t kPreciseUs = 2000;
  if (timeout_us > 0 && timeout_us < kPreciseUs) {
    const timespec wait{0, timeout_us * 1000};
    const int count = epoll_pwait2(epoll_fd_, events, kMaxEventsPerTurn, &wait, nullptr);
    if (count >= 0 || errno == EINTR) return count;  // else a kernel or a filter that does not have it
  }
  const int64_t ms = timeout_us < 0 ? -1 : std::min<int64_t>((timeout_us + 999) / 1000, 1000000);
  return epoll_wait(epoll_fd_, events, kMaxEventsPerTurn, static_cast<int>(ms));
}

// Waits and calls those whose descriptors are ready; how many there were.
int EventLoop::TakeEvents(int64_t timeout_us) {
  epoll_event events[kMaxEventsPerTurn];
  const int count = Wait(events, timeout_us);
  UpdateTime();
  if (!nested_) woke_us_ = monotonic_us_;
  for (int i = 0; i < count; ++i) {
    const uint64_t data = events[i].data.u64;
    if (data == ~uint64_t{0}) {
      uint64_t drained;
      const ssize_t n = read(wake_fd_, &drained, sizeof drained);
      (void)n;
      continue;
    }
    const uint32_t fd = static_cast<uint32_t>(data);
    const Watched& entry = watched_[fd];
    if (entry.handler == nullptr || entry.generation != data >> 32) continue;
    uint32_t ready = 0;
    if ((events[i].events & EPOLLIN) != 0) ready |= kReadable;
    if ((events[i].events & EPOLLOUT) != 0) ready |= kWritable;
    if ((events[i].events & (EPOLLERR | EPOLLHUP)) != 0) ready |= kReadable | kWritable;
    entry.handler->OnReady(ready);
  }
  return count;
}

void EventLoop::Serve(int64_t wait_us) {
  const int count = TakeEvents(wait_us);
  RunTimers();
  RunPosted();
  EndTurn();
  ++turns_;
  if (count > 0) busy_us_ += ReadMonotonicUs() - woke_us_;
}

void EventLoop::ServeNested() {
  // The handler's input lies in the read buffer, and it may itself be in the graveyard
  // soon; what was to be flushed waits for the turn's end as before.
  std::unique_ptr<char[]> buffer(new char[kReadBufferBytes]);
  buffer.swap(read_buffer_);
  std::vector<Connection*> to_flush;
  to_flush.swap(to_flush_);
  nested_ = true;
  TakeEvents(0);
  nested_ = false;
  for (size_t i = 0; i < to_flush_.size(); ++i) {
    if (Connection* connection = std::exchange(to_flush_[i], nullptr)) connection->Flush();
  }
  to_flush_.swap(to_flush);
  buffer.swap(read_buffer_);
  Wake();  // posted work may have lost its wake-up
}

void EventLoop::RunOnce(int64_t max_wait_ms) { Serve(WaitUs(max_wait_ms < 0 ? -1 : ToUs(max_wait_ms))); }

void EventLoop::Run() {
  EndTurn();
  while (!stopping_.load(std::memory_order_relaxed)) Serve(WaitUs(-1));
}

void EventLoop::Stop() {
  stopping_.store(true, std::memory_order_relaxed);
  Wake();
}

}  // namespace windlass::net
