// A container's memory limit: a cgroup of its own where this machine lets us
// make one (v1 or v2), else its resident memory read now and then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "operator/local/pod_runner/process.h"

namespace windlass::pod_runner {

// "512Mi", "1G", "100000", "1.5Gi" in bytes; none if it is not a quantity.
std::optional<int64_t> ParseQuantity(const std::string& text);

class MemoryLimit {
 public:
  // `name` is unique on this machine.
  MemoryLimit(const std::string& name, int64_t bytes);
  ~MemoryLimit();
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

  // Empty where there is no cgroup.
  const std::string& procs_file() const { return procs_file_; }
  // Without a cgroup: kills the process if it has grown past the limit.
  void Enforce(Process& process);
  // Another limit, from now on.
  void Set(int64_t bytes);
  // Whether the limit has ended a process since it was made.
  bool OutOfMemory();

 private:
  int64_t limit_bytes_;
  std::string folder_;
  std::string procs_file_;
  std::string limit_file_;
  std::string events_file_;
  bool killed_ = false;
};

}  // namespace windlass::pod_runner
