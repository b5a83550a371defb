#include "operator/local/pod_runner/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace windlass::pod_runner {

namespace {

constexpr const char* kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string SearchPath(const ProcessSpec& spec) {
  std::string path;
  for (const std::string& folder : spec.path) path += folder + ":";
  return path + kUsualPath;
}

std::string FindProgram(const std::string& name, const std::string& search_path) {
  if (name.find('/') != std::string::npos) {
    if (access(name.c_str(), X_OK) == 0) return name;
  } else {
    size_t start = 0;
    while (start <= search_path.size()) {
      const size_t end = std::min(search_path.find(':', start), search_path.size());
      const std::string candidate = search_path.substr(start, end - start) + "/" + name;
      if (access(candidate.c_str(), X_OK) == 0) return candidate;
      start = end + 1;
    }
  }
  throw std::runtime_error("exec: \"" + name + "\": executable file not found in $PATH");
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& s : strings) pointers.push_back(s.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Between fork and exec: only what is safe after fork in a threaded process.
[[noreturn]] void RunChild(const char* program, char* const* argv, char* const* env, const ProcessSpec& spec) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);
  if (!spec.cgroup_procs_file.empty()) {
    const int fd = open(spec.cgroup_procs_file.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
      [[maybe_unused]] const ssize_t n = write(fd, "0", 1);
      close(fd);
    }
  }
  const char* log = spec.log_file.empty() ? "/dev/null" : spec.log_file.c_str();
  const int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int in = open("/dev/null", O_RDONLY);
  if (out < 0 || in < 0) _exit(126);
  dup2(in, 0);
  dup2(out, 1);
  dup2(out, 2);
  for (int fd = 3; fd < 1024; ++fd) close(fd);
  if (!spec.working_dir.empty() && chdir(spec.working_dir.c_str()) != 0) _exit(126);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  execve(program, argv, env);
  _exit(127);
}

ExitStatus Decode(int status) {
  if (WIFSIGNALED(status)) return {128 + WTERMSIG(status), WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

}  // namespace

Process::Process(const ProcessSpec& spec) {
  if (spec.argv.empty()) throw std::runtime_error("no command to run");
  const std::string path = SearchPath(spec);
  const std::string program = FindProgram(spec.argv[0], path);
  std::vector<std::string> argv = spec.argv;
  std::vector<std::string> env{"PATH=" + path};
  for (const auto& [name, value] : spec.env) {
    if (name != "PATH") env.push_back(name + "=" + value);
  }
  const std::vector<char*> argv_pointers = Pointers(argv);
  const std::vector<char*> env_pointers = Pointers(env);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
  if (pid_ == 0) RunChild(program.c_str(), argv_pointers.data(), env_pointers.data(), spec);
}

Process::~Process() {
  if (Poll()) return;
  Signal(SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

std::optional<ExitStatus> Process::Poll() {
  if (exit_) return exit_;
  int status = 0;
  const pid_t reaped = waitpid(pid_, &status, WNOHANG);
  if (reaped == pid_) exit_ = Decode(status);
  if (reaped < 0 && errno == ECHILD) exit_ = ExitStatus{255, 0};
  return exit_;
}

void Process::Signal(int signal) {
  if (!Poll()) kill(pid_, signal);
}

std::optional<ExitStatus> Process::WaitFor(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!Poll() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return exit_;
}

size_t ResidentBytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  size_t total = 0;
  size_t resident = 0;
  if (!(file >> total >> resident)) return 0;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace windlass::pod_runner
