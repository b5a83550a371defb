// See process_settings.h.
#include "node/server/process_settings.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace windlass::server {
namespace {

constexpr const char* kScoreFile = "/proc/self/oom_score_adj";
constexpr int64_t kLowestScore = -1000;
constexpr int64_t kHighestScore = 1000;
constexpr int64_t kRelative = 1;  // value of oom-score-adj
// Descriptors besides clients: listeners, bus links, files.
constexpr rlim_t kOtherDescriptors = 128;

bool ReadScore(int64_t* score) {
  FILE* file = std::fopen(kScoreFile, "r");
  if (file == nullptr) return false;
  long long value = 0;
  const bool read = std::fscanf(file, "%lld", &value) == 1;
  std::fclose(file);
  *score = value;
  return read;
}

bool WriteScore(int64_t score) {
  FILE* file = std::fopen(kScoreFile, "w");
  if (file == nullptr) return false;
  const bool written = std::fprintf(file, "%lld\n", static_cast<long long>(score)) > 0;
  return std::fclose(file) == 0 && written;
}

}  // namespace

base::Result<void> OomScore::Apply(bool is_replica) {
  const int64_t mode = config_->Int("oom-score-adj");
  if (mode == 0 && !changed_) return {};
  if (!changed_ && !ReadScore(&original_)) return base::Error{std::string("Unable to read oom_score_adj: ") + std::strerror(errno)};
  int64_t wanted = original_;
  if (mode != 0) {
    const int64_t value = std::atoll(config_->List("oom-score-adj-values")[is_replica ? 1 : 0].c_str());
    wanted = mode == kRelative ? original_ + value : value;
    wanted = std::min(std::max(wanted, kLowestScore), kHighestScore);
  }
  if (changed_ && wanted == written_) return {};
  if (!WriteScore(wanted)) {
    log_->Warning(std::string("Unable to write oom_score_adj: ") + std::strerror(errno));
    return base::Error{"Failed to apply new oom_score_adj configuration, check server logs."};
  }
  changed_ = true;
  written_ = wanted;
  return {};
}

base::Result<void> GrowFileLimit(const config::Config& config) {
  const rlim_t wanted = static_cast<rlim_t>(config.Int("maxclients")) + kOtherDescriptors;
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return {};
  const rlimit raised{wanted, limit.rlim_max < wanted ? wanted : limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return {};
  const rlim_t possible = limit.rlim_max > kOtherDescriptors ? limit.rlim_max - kOtherDescriptors : 1;
  return base::Error{"The operating system is not able to handle the specified number of clients, try with " +
                     std::to_string(possible)};
}

}  // namespace windlass::server
