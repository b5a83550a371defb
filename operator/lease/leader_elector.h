// Holds a Lease, so that one operator acts at a time.
//
// Whoever finds the Lease free, released, or unchanged for its whole duration
// by this process's own clock (other machines' clocks are not trusted) takes it
// with a write that fails if anybody else wrote first. The holder counts its
// term from before its last successful write was sent, so it always thinks its
// term ends no later than the others do.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "operator/kube/client.h"

namespace windlass::lease {

class LeaderElector {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    std::string name_space;
    std::string name = "windlass-operator";
    std::string identity;
    std::chrono::milliseconds duration{15000};
    std::chrono::milliseconds renew_every{3000};  // and how often to try to take it
  };

  // on_change(true) once it is taken, on_change(false) once it is lost; from
  // the elector's thread.
  LeaderElector(kube::Client& client, Options options, std::function<void(bool held)> on_change);
  ~LeaderElector();

  void Start();
  // Lets the Lease go if it is held, so that the next need not wait.
  void Stop();

  // True if the Lease is ours for at least this long from now. Thread-safe.
  bool HeldFor(std::chrono::milliseconds margin) const;

  // One attempt to take or renew: what the thread does. Public for tests.
  void Tick(Clock::time_point now);
  void Release();

 private:
  void Run(std::stop_token stop);
  // False if another holds it, or was quicker. Throws KubeError.
  bool TryTakeOrRenew(Clock::time_point now);
  void SetTerm(Clock::time_point end);

  kube::Client& client_;
  const Options options_;
  const std::function<void(bool)> on_change_;

  // Of the elector's thread: what the Lease last looked like, and since when.
  std::string seen_version_;
  Clock::time_point seen_at_{};
  bool told_held_ = false;

  mutable std::mutex mutex_;
  Clock::time_point term_end_{};  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace windlass::lease
