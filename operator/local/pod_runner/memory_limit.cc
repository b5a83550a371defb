#include "operator/local/pod_runner/memory_limit.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <utility>

namespace windlass::pod_runner {

namespace {

constexpr const char* kV1Root = "/sys/fs/cgroup/memory";
constexpr const char* kV2Root = "/sys/fs/cgroup";

bool WriteText(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  return (file << text) && file.flush();
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

int64_t CounterIn(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  int64_t value = 0;
  while (file >> word >> value) {
    if (word == name) return value;
  }
  return 0;
}

}  // namespace

std::optional<int64_t> ParseQuantity(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || number < 0) return std::nullopt;
  const std::string suffix = end;
  static constexpr std::pair<const char*, double> kSuffixes[] = {
      {"", 1},          {"k", 1e3},        {"M", 1e6},          {"G", 1e9},          {"T", 1e12},       {"m", 1e-3},
      {"Ki", 1024.0},   {"Mi", 1048576.0}, {"Gi", 1073741824.0}, {"Ti", 1099511627776.0}};
  for (const auto& [name, factor] : kSuffixes) {
    if (suffix == name) return static_cast<int64_t>(number * factor);
  }
  return std::nullopt;
}

MemoryLimit::MemoryLimit(const std::string& name, int64_t bytes) : limit_bytes_(bytes) {
  const bool v1 = Exists(std::string(kV1Root) + "/memory.limit_in_bytes");
  const bool v2 = Exists(std::string(kV2Root) + "/cgroup.controllers");
  if (!v1 && !v2) return;
  const std::string folder = std::string(v1 ? kV1Root : kV2Root) + "/windlass-" + name;
  if (mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return;
  const std::string limit_file = folder + (v1 ? "/memory.limit_in_bytes" : "/memory.max");
  if (!WriteText(limit_file, std::to_string(bytes))) {
    rmdir(folder.c_str());
    return;
  }
  folder_ = folder;
  limit_file_ = limit_file;
  procs_file_ = folder + "/cgroup.procs";
  events_file_ = folder + (v1 ? "/memory.oom_control" : "/memory.events");
}

MemoryLimit::~MemoryLimit() {
  if (!folder_.empty()) rmdir(folder_.c_str());
}

void MemoryLimit::Enforce(Process& process) {
  if (!folder_.empty() || static_cast<int64_t>(ResidentBytes(process.pid())) <= limit_bytes_) return;
  killed_ = true;
  process.Signal(SIGKILL);
}

void MemoryLimit::Set(int64_t bytes) {
  limit_bytes_ = bytes;
  if (!limit_file_.empty()) WriteText(limit_file_, std::to_string(bytes));
}

bool MemoryLimit::OutOfMemory() {
  if (folder_.empty()) return killed_;
  return CounterIn(events_file_, "oom_kill") > 0;
}

}  // namespace windlass::pod_runner
