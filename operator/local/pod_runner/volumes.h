// A pod's volumes as real folders, and the paths that stand for its mounts.
//
// emptyDir, configMap, secret, persistentVolumeClaim, downwardAPI-free projected
// sources are not all of Kubernetes; any other kind is refused by name.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "operator/local/pod_runner/api_port.h"

namespace windlass::pod_runner {

// A container cannot start for now; `reason` is what Kubernetes would report
// (CreateContainerConfigError, ContainerCreating).
class NotReadyToStart : public std::runtime_error {
 public:
  NotReadyToStart(std::string reason, const std::string& message)
      : std::runtime_error(message), reason_(std::move(reason)) {}
  const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

// Mount paths and the folders behind them, longest first.
class PathMapping {
 public:
  void Add(std::string mount_path, std::string folder);
  // Replaces each mount path that stands as a whole path or as a path's beginning.
  std::string Rewrite(const std::string& text) const;

 private:
  std::vector<std::pair<std::string, std::string>> paths_;
};

class Volumes {
 public:
  // `pod_dir` holds what dies with the pod, `claims_dir` what does not.
  Volumes(ApiCall call, std::string pod_dir, std::string claims_dir);

  // Makes every volume of the pod; throws NotReadyToStart if a claim is not
  // bound or a ConfigMap or Secret is missing.
  void Materialise(const nlohmann::json& pod);
  // Writes changed ConfigMaps and Secrets again; what has gone stays as it was.
  void Refresh(const nlohmann::json& pod);
  // The mounts of one container. REQUIRES: Materialise() returned.
  PathMapping MappingFor(const nlohmann::json& pod, const nlohmann::json& container) const;

 private:
  std::string FolderOf(const nlohmann::json& pod, const nlohmann::json& volume) const;
  void WriteObject(const nlohmann::json& pod, const nlohmann::json& volume, const PathMapping& mapping) const;
  PathMapping MappingForPod(const nlohmann::json& pod) const;

  ApiCall call_;
  std::string pod_dir_;
  std::string claims_dir_;
};

// Where the local volume binder keeps a claim's data.
std::string ClaimFolder(const std::string& claims_dir, const nlohmann::json& claim);

// The decoded values of a ConfigMap (data, binaryData) or Secret (data).
std::vector<std::pair<std::string, std::string>> ObjectEntries(const nlohmann::json& object);

}  // namespace windlass::pod_runner
