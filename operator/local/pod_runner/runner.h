// The runner: one loop that binds claims, places pods on the one node of this
// machine, runs them and reports their status.
//
// Start() begins a thread; Stop() ends every pod's processes (with up to
// `stop_grace`) and joins it. Objects stay as they are: the next start runs
// them again.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <thread>

#include "operator/local/api_server/server.h"
#include "operator/local/pod_runner/addresses.h"
#include "operator/local/pod_runner/api_port.h"
#include "operator/local/pod_runner/image_map.h"

namespace windlass::pod_runner {

class Pod;

struct RunnerOptions {
  ApiCall call;
  ImageMap images;
  std::string data_dir;  // pods/ and volumes/ go below it
  std::string node_name = "local";
  std::chrono::milliseconds period{100};
  std::chrono::seconds stop_grace{10};
};

class Runner final : public api_server::PodLogs {
 public:
  explicit Runner(RunnerOptions options);
  ~Runner() override;

  void Start();
  void Stop();

  std::optional<std::string> Stream(const Query& query, const Sink& sink) override;

 private:
  struct LogState {
    std::string path;
    bool ended = false;
  };

  void Loop();
  void Pass();
  void RegisterNode();
  void BindClaims();
  void RunPods();
  void Admit(const nlohmann::json& object);
  void Report(const nlohmann::json& object, Pod& pod);
  void EndAll();
  std::optional<LogState> FindLog(const Query& query);

  RunnerOptions options_;
  AddressPool addresses_;
  std::mutex mutex_;  // guards pods_ against log readers
  std::map<std::string, std::unique_ptr<Pod>> pods_;  // by UID
  std::map<std::string, std::string> uid_by_name_;    // namespace/name, guarded by mutex_
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace windlass::pod_runner
