// One probe of a container: when it runs, and what its results add up to.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace windlass::pod_runner {

struct ProbeSettings {
  std::chrono::milliseconds initial_delay{0};
  std::chrono::milliseconds period{10000};
  std::chrono::milliseconds timeout{1000};
  int success_threshold = 1;
  int failure_threshold = 3;
};

ProbeSettings ParseProbeSettings(const nlohmann::json& probe);

// Runs one check and says whether it passed; called on a thread of its own.
using ProbeCheck = std::function<bool(std::chrono::milliseconds timeout)>;

bool CheckTcp(const std::string& ip, int port, std::chrono::milliseconds timeout);
bool CheckHttp(const std::string& ip, int port, const std::string& path, std::chrono::milliseconds timeout);

class Probe {
 public:
  using Clock = std::chrono::steady_clock;

  Probe(ProbeSettings settings, ProbeCheck check, bool initially_passing);
  ~Probe();

  // Starts and collects checks; call it often. A probe that has not passed yet
  // is tried four times a second, so that readiness is seen at once.
  void Tick(Clock::time_point now);
  bool passing() const { return passing_; }
  // Passing turned to failing, or the threshold was reached without a success.
  bool failed() const { return failed_; }

 private:
  void Record(bool success);

  ProbeSettings settings_;
  ProbeCheck check_;
  Clock::time_point next_;
  std::future<bool> running_;
  int successes_ = 0;
  int failures_ = 0;
  bool passing_;
  bool failed_ = false;
  bool ever_passed_ = false;
};

}  // namespace windlass::pod_runner
