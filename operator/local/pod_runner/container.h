// One container of a pod: its process, restarts with back-off, probes, logs and
// the status Kubernetes would report of it.
#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "operator/local/pod_runner/api_port.h"
#include "operator/local/pod_runner/environment.h"
#include "operator/local/pod_runner/image_map.h"
#include "operator/local/pod_runner/memory_limit.h"
#include "operator/local/pod_runner/probe.h"
#include "operator/local/pod_runner/process.h"
#include "operator/local/pod_runner/volumes.h"

namespace windlass::pod_runner {

// What a container needs of its pod. All outlive the container.
struct ContainerContext {
  const ApiCall* call;
  const ImageMap* images;
  Volumes* volumes;
  const nlohmann::json* pod;  // as last read
  PodFacts facts;
  std::string pod_dir;
};

class Container {
 public:
  using Clock = std::chrono::steady_clock;

  Container(nlohmann::json spec, bool init);

  // Starts, watches, restarts. `restart_policy` is the pod's.
  void Tick(const ContainerContext& context, const std::string& restart_policy, Clock::time_point now);
  // Begins the end: SIGTERM now, SIGKILL after the grace period.
  void Terminate(std::chrono::seconds grace, Clock::time_point now);

  // Its share of the machine as the pod says it now: in force at once.
  void Resize(const nlohmann::json& resources);

  bool running() const { return process_ != nullptr; }
  bool ready() const;
  // Will not run again: ended and not to be restarted.
  bool finished() const { return finished_; }
  bool succeeded() const { return finished_ && last_exit_ && last_exit_->exit_code == 0; }
  nlohmann::json Status() const;

  // pod_dir/<container>/<restart>.log
  static std::string LogPath(const std::string& pod_dir, const std::string& container, int restart);

 private:
  void Start(const ContainerContext& context, Clock::time_point now);
  void StartProbes(const ContainerContext& context);
  ProbeCheck MakeCheck(const ContainerContext& context, const nlohmann::json& probe) const;
  void OnExit(const ExitStatus& exit, const std::string& restart_policy, Clock::time_point now);
  void TickProbes(Clock::time_point now);
  ProcessSpec BuildProcess(const ContainerContext& context, const nlohmann::json* exec_command) const;

  nlohmann::json spec_;
  bool init_;
  std::unique_ptr<MemoryLimit> memory_limit_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<Probe> startup_, liveness_, readiness_;
  int restarts_ = 0;
  bool started_once_ = false;
  bool finished_ = false;
  bool terminating_ = false;
  std::string waiting_reason_ = "ContainerCreating";
  std::string waiting_message_;
  std::chrono::seconds backoff_{0};
  Clock::time_point next_start_{};
  Clock::time_point started_at_{};
  std::optional<Clock::time_point> kill_at_;
  std::optional<ExitStatus> last_exit_;
  std::string started_text_;
  nlohmann::json last_terminated_;
};

}  // namespace windlass::pod_runner
