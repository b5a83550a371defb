// The event loop: epoll, timers, work posted from other threads, and what runs at
// the end of each turn.
//
// One turn: wait for events (never busy), serve every ready descriptor, run due
// timers and posted functions, run the turn-end hooks in the order they were
// registered, flush connections with unsent output, do a step of what can wait.
// Thread: all of it belongs to the thread that calls Run, but Post and Stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

struct epoll_event;

namespace windlass::net {

class Connection;

// Bits of `events`.
inline constexpr uint32_t kReadable = 1;
inline constexpr uint32_t kWritable = 2;

class FdHandler {
 public:
  virtual ~FdHandler() = default;
  // Hang-ups and errors are delivered as both bits.
  virtual void OnReady(uint32_t events) = 0;
};

using TimerId = uint64_t;  // 0 is never a timer

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // REQUIRES: fd is not watched yet / is watched. Unwatch may be called from
  // within OnReady, of this or another descriptor.
  void Watch(int fd, uint32_t events, FdHandler* handler);
  void Modify(int fd, uint32_t events);
  void Unwatch(int fd);

  // Calls fn once, `ms` from now / every `ms` until cancelled. Cancel of a timer
  // that has run, or within its own call, is allowed.
  TimerId After(int64_t ms, std::function<void()> fn);
  TimerId Every(int64_t ms, std::function<void()> fn);
  // The same to the microsecond, as far as the kernel can.
  TimerId AfterUs(int64_t us, std::function<void()> fn);
  void Cancel(TimerId id);

  // Any thread: fn runs on the loop's thread in a coming turn.
  void Post(std::function<void()> fn);
  // Any thread, also a signal handler: wakes the loop, whose OnWake hook then runs.
  void Wake();

  // Runs before each sleep, in order of registration.
  void AtTurnEnd(std::function<void()> fn);
  // Runs behind that, when replies have left: work in steps that nobody waits for.
  void AfterFlush(std::function<void()> fn);
  // Destroys `object` after the current event is done with: for a connection's
  // owner that is called by that connection.
  template <typename T>
  void DeleteLater(std::unique_ptr<T> object) {
    graveyard_.push_back(std::shared_ptr<void>(std::move(object)));
  }

  void Run();
  void Stop();
  // One turn, sleeping at most max_wait_ms: for loading, where clients must still
  // hear -LOADING, and for tests.
  void RunOnce(int64_t max_wait_ms);

  // From within a handler that takes long: whoever has sent something is served, once.
  // No timers, no posted work, no turn's end; nothing that the handler may use is freed.
  void ServeNested();
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  // Read once per turn. Unix time in milliseconds; monotonic microseconds.
  int64_t NowMs() const { return now_ms_; }
  int64_t MonotonicUs() const { return monotonic_us_; }
  void UpdateTime();

  // For Connection: shared read buffer, and the list of those to flush.
  char* read_buffer() { return read_buffer_.get(); }
  static constexpr size_t kReadBufferBytes = 64 * 1024;
  void FlushLater(Connection* connection);
  void ForgetFlush(Connection* connection);

  uint64_t turns() const { return turns_; }
  // System calls that sent output, over all connections.
  uint64_t writes() const { return writes_; }
  void CountWrite() { ++writes_; }
  // Time spent in the last turns outside the sleep, for INFO.
  int64_t busy_us() const { return busy_us_; }

 private:
  struct Watched {
    FdHandler* handler = nullptr;
    uint32_t events = 0;
    uint32_t generation = 0;  // a descriptor reused within one turn gets no stale event
  };
  struct Timer {
    int64_t due_us;
    int64_t period_us;  // 0: once
    TimerId id;
  };
  void Serve(int64_t wait_us);
  int TakeEvents(int64_t timeout_us);
  int Wait(epoll_event* events, int64_t timeout_us) const;
  void RunTimers();
  void RunPosted();
  void EndTurn();
  void FlushAll();
  int64_t WaitUs(int64_t max_wait_us) const;
  TimerId AddTimer(int64_t us, bool repeat, std::function<void()> fn);

  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  std::atomic<bool> stopping_{false};
  std::vector<Watched> watched_;  // by descriptor
  std::vector<Timer> timers_;     // min-heap by due_us
  std::unordered_map<TimerId, std::function<void()>> timer_functions_;
  TimerId next_timer_ = 1;
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by posted_mutex_
  std::atomic<bool> has_posted_{false};
  std::vector<std::function<void()>> turn_end_;
  std::vector<std::function<void()>> after_flush_;
  std::vector<Connection*> to_flush_;
  std::vector<std::shared_ptr<void>> graveyard_;
  std::unique_ptr<char[]> read_buffer_;
  int64_t now_ms_ = 0;
  int64_t monotonic_us_ = 0;
  int64_t busy_us_ = 0;
  int64_t woke_us_ = 0;  // when this turn's sleep ended
  bool nested_ = false;
  uint64_t turns_ = 0;
  uint64_t writes_ = 0;
};

}  // namespace windlass::net
