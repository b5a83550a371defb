// See process_usage.h.
#include "operator/health/process_usage.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

namespace windlass::health {
namespace {

double ResidentBytes() {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/proc/self/statm", "r"), &std::fclose);
  long total = 0, resident = 0;
  if (file == nullptr || std::fscanf(file.get(), "%ld %ld", &total, &resident) != 2) return 0;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double OpenFiles() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), &closedir);
  if (folder == nullptr) return 0;
  int count = -1;  // the folder itself is open too
  while (const dirent* entry = readdir(folder.get())) count += entry->d_name[0] != '.';
  return count;
}

}  // namespace

void WriteProcessUsage(MetricText* text) {
  text->Family("process_resident_memory_bytes", "gauge", "Resident memory size in bytes");
  text->Sample("process_resident_memory_bytes", {}, ResidentBytes());
  text->Family("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds");
  text->Sample("process_cpu_seconds_total", {}, CpuSeconds());
  text->Family("process_open_fds", "gauge", "Number of open file descriptors");
  text->Sample("process_open_fds", {}, OpenFiles());
}

}  // namespace windlass::health
