// See process.h.
#include "node/server/process.h"

#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "node/commands/version.h"

namespace windlass::server {
namespace {

// Descriptors besides clients: listeners, bus links, files.
constexpr int64_t kOtherDescriptors = 128;

// A signal handler can reach nothing but globals. Written once by InstallSignals.
std::atomic<int> pending_signal{0};
net::EventLoop* signal_loop = nullptr;
base::Logger* crash_log = nullptr;

void OnTerminate(int number) {
  // The second time somebody insists.
  if (pending_signal.load() == SIGINT && number == SIGINT) _exit(1);
  pending_signal.store(number);
  if (signal_loop != nullptr) signal_loop->Wake();
}

void OnCrash(int number, siginfo_t* info, void*) {
  void* frames[64];
  const int count = backtrace(frames, 64);
  if (crash_log != nullptr) {
    crash_log->Raw("\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n");
    crash_log->Logf(base::LogLevel::kWarning, "Redis %s crashed by signal: %d, si_code: %d",
                    commands::kRedisVersion.data(), number, info->si_code);
    crash_log->Logf(base::LogLevel::kWarning, "Accessing address: %p", info->si_addr);
    char** names = backtrace_symbols(frames, count);
    crash_log->Raw("\n------ STACK TRACE ------\n");
    for (int i = 0; names != nullptr && i < count; ++i) crash_log->Raw(std::string(names[i]) + "\n");
    crash_log->Raw("\n=== REDIS BUG REPORT END. ===\n");
  } else {
    backtrace_symbols_fd(frames, count, STDERR_FILENO);
  }
  // The handler was for one signal: this ends the process as the system wants it.
  signal(number, SIG_DFL);
  raise(number);
}

const char* ModeOf(const config::Config& config) {
  return config.Bool("cluster-enabled") ? "cluster" : "standalone";
}

}  // namespace

void Daemonize(const config::Config& config) {
  if (!config.Bool("daemonize")) return;
  if (fork() != 0) _exit(0);
  setsid();
  const int null = open("/dev/null", O_RDWR);
  if (null < 0) return;
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  dup2(null, STDERR_FILENO);
  if (null > STDERR_FILENO) close(null);
}

void NotifySupervisor(const config::Config& config, const std::string& state) {
  const int64_t mode = config.Int("supervised");
  if (mode != 1 && mode != 2) return;
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, length);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const ssize_t sent = sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&address),
                              static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  (void)sent;  // a supervisor that does not listen is not our failure
  close(fd);
}

void WritePidFile(const config::Config& config, base::Logger& log) {
  std::string path = config.Text("pidfile");
  if (path.empty() && config.Bool("daemonize")) path = "/var/run/redis.pid";
  if (path.empty()) return;
  FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) {
    log.Warning("Failed to write PID file: " + std::string(std::strerror(errno)));
    return;
  }
  std::fprintf(file, "%d\n", static_cast<int>(getpid()));
  std::fclose(file);
}

void RemovePidFile(const config::Config& config) {
  std::string path = config.Text("pidfile");
  if (path.empty() && config.Bool("daemonize")) path = "/var/run/redis.pid";
  if (!path.empty()) unlink(path.c_str());
}

void RaiseFileLimit(config::Config& config, base::Logger& log) {
  const rlim_t wanted = static_cast<rlim_t>(config.Int("maxclients") + kOtherDescriptors);
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  rlimit raised{wanted, limit.rlim_max < wanted ? wanted : limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return;
  raised = {limit.rlim_max, limit.rlim_max};
  if (limit.rlim_max > limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &raised) == 0) limit.rlim_cur = limit.rlim_max;
  if (limit.rlim_cur >= wanted) return;
  const int64_t possible = static_cast<int64_t>(limit.rlim_cur) - kOtherDescriptors;
  const int64_t lowered = possible < 1 ? 1 : possible;
  log.Logf(base::LogLevel::kWarning,
           "You requested maxclients of %lld requiring at least %llu max file descriptors.",
           static_cast<long long>(config.Int("maxclients")), static_cast<unsigned long long>(wanted));
  log.Logf(base::LogLevel::kWarning,
           "Current maximum open files is %llu. maxclients has been reduced to %lld to compensate for low ulimit.",
           static_cast<unsigned long long>(limit.rlim_cur), static_cast<long long>(lowered));
  (void)config.Store("maxclients", std::to_string(lowered)).ok();
}

void LogStart(const config::Config& config, base::Logger& log) {
  log.SetRole('C');
  log.Notice("oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo");
  log.Logf(base::LogLevel::kNotice, "Redis version=%s, bits=%d, commit=00000000, modified=0, pid=%d, just started",
           commands::kRedisVersion.data(), static_cast<int>(sizeof(void*) * 8), static_cast<int>(getpid()));
  log.Logf(base::LogLevel::kNotice, "Windlass node version=%s", commands::kWindlassVersion.data());
  if (config.file_path().empty()) {
    log.Notice("Configuration loaded");
  } else {
    log.Notice("Configuration loaded from " + config.file_path());
  }
  log.SetRole('M');
  log.Notice("monotonic clock: POSIX clock_gettime");
}

void LogBanner(const config::Config& config, base::Logger& log) {
  const bool show = config.Bool("always-show-logo") || (config.Text("logfile").empty() && isatty(STDOUT_FILENO) != 0);
  if (!show) {
    log.Logf(base::LogLevel::kNotice, "Running mode=%s, port=%d.", ModeOf(config),
             static_cast<int>(config.Int("port")));
    return;
  }
  char text[512];
  std::snprintf(text, sizeof text,
                "\n"
                "      ___|___      windlass-node %s (Redis %s) %d bit\n"
                "   o==|=====|==o   Running in %s mode\n"
                "      |  |  |      Port: %d\n"
                "      |  v  |      PID: %d\n\n",
                commands::kWindlassVersion.data(), commands::kRedisVersion.data(),
                static_cast<int>(sizeof(void*) * 8), ModeOf(config), static_cast<int>(config.Int("port")),
                static_cast<int>(getpid()));
  log.Raw(text);
}

void InstallSignals(net::EventLoop* loop, base::Logger* log) {
  signal_loop = loop;
  crash_log = log;
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = OnTerminate;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  struct sigaction crash {};
  sigemptyset(&crash.sa_mask);
  crash.sa_flags = static_cast<int>(SA_NODEFER | SA_RESETHAND | SA_SIGINFO);
  crash.sa_sigaction = OnCrash;
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(number, &crash, nullptr);
}

int TakeSignal() { return pending_signal.exchange(0); }

}  // namespace windlass::server
