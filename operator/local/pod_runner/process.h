// One child process: started with its output in a log file, watched by pidfd,
// ended by signal. The child dies with the thread that started it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace windlass::pod_runner {

struct ProcessSpec {
  std::vector<std::string> argv;  // argv[0] is searched in `path` if it has no slash
  std::map<std::string, std::string> env;
  std::vector<std::string> path;  // folders searched before the usual ones
  std::string working_dir;
  std::string log_file;           // stdout and stderr are appended; empty: discarded
  std::string cgroup_procs_file;  // the child puts itself here before exec; empty: none
};

struct ExitStatus {
  int exit_code = 0;  // 128 + signal if a signal ended it, as a shell reports
  int signal = 0;
};

class Process {
 public:
  // Throws std::runtime_error naming the program if it cannot be found or started.
  explicit Process(const ProcessSpec& spec);
  // Kills and reaps what still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // Set once the process has ended; reaps it.
  std::optional<ExitStatus> Poll();
  void Signal(int signal);
  // Waits up to `limit`.
  std::optional<ExitStatus> WaitFor(std::chrono::milliseconds limit);

 private:
  pid_t pid_ = -1;
  std::optional<ExitStatus> exit_;
};

// Resident bytes of a process; 0 if it has gone.
size_t ResidentBytes(pid_t pid);

}  // namespace windlass::pod_runner
