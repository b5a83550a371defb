// One pod on this machine: address, volumes, init containers, containers, end.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "operator/local/pod_runner/container.h"

namespace windlass::pod_runner {

struct PodOptions {
  ApiCall call;
  const ImageMap* images;  // outlives the pod
  std::string ip;
  std::string host_ip;
  std::string pod_dir;
  std::string claims_dir;
};

class Pod {
 public:
  using Clock = std::chrono::steady_clock;

  Pod(nlohmann::json object, PodOptions options);

  // One step of everything; `object` is the pod as just read.
  void Tick(nlohmann::json object, Clock::time_point now);
  // The API server no longer has this pod: end it with no grace.
  void Abandon(Clock::time_point now);
  // This machine stops running pods; the object stays.
  void EndWithin(std::chrono::seconds grace, Clock::time_point now);

  const std::string& uid() const { return uid_; }
  const std::string& pod_dir() const { return options_.pod_dir; }
  bool deleting() const { return deleting_; }
  // Every process has ended and none will start again.
  bool gone() const;
  nlohmann::json Status() const;
  // The status last accepted by the API server, so that nothing is said twice.
  nlohmann::json reported;
  // Restart count of a container; -1 if there is no such container.
  int RestartsOf(const std::string& container) const;

 private:
  void TickContainers(Clock::time_point now);
  void BeginTermination(std::chrono::seconds grace, Clock::time_point now);
  std::string Phase() const;
  bool Ready() const;

  nlohmann::json object_;
  PodOptions options_;
  std::string uid_;
  Volumes volumes_;
  std::vector<Container> init_;
  std::vector<Container> containers_;
  bool volumes_ready_ = false;
  bool deleting_ = false;
  std::string volume_reason_;
  std::string volume_message_;
  std::string start_time_;
  Clock::time_point next_refresh_{};
  mutable std::string ready_since_;
  mutable std::optional<bool> was_ready_;
};

}  // namespace windlass::pod_runner
