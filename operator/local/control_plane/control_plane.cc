#include "operator/local/control_plane/control_plane.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include "operator/local/api_server/server.h"
#include "operator/local/pod_runner/image_map.h"
#include "operator/local/pod_runner/runner.h"

namespace windlass::local {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

constexpr seconds kStartLimit{15};

struct Files {
  explicit Files(const std::string& folder)
      : pid(folder + "/pid"), port(folder + "/port"), kubeconfig(folder + "/kubeconfig"), log(folder + "/log"),
        images(folder + "/images.yaml"), lock(folder + "/lock") {}
  std::string pid, port, kubeconfig, log, images, lock;
};

std::string ReadWord(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

std::string ThisProgram() { return fs::read_symlink("/proc/self/exe").string(); }

void FillDefaults(Options* options) {
  if (options->data_dir.empty()) {
    const char* home = getenv("HOME");
    options->data_dir = std::string(home != nullptr ? home : "/tmp") + "/.windlass/local";
  }
  fs::create_directories(options->data_dir);
  options->data_dir = fs::absolute(options->data_dir).string();
  const Files files(options->data_dir);
  if (options->image_file.empty()) {
    options->image_file = files.images;
    if (!fs::exists(files.images)) {
      std::ofstream(files.images) << DefaultImageMap(fs::path(ThisProgram()).parent_path().string());
    }
  }
  const std::string last_port = ReadWord(files.port);
  if (options->port == 0 && !last_port.empty()) options->port = static_cast<uint16_t>(std::stoi(last_port));
}

// The pid of the running control plane of this folder, or 0. The lock, not the
// pid, is the proof: pids are used again.
pid_t RunningPid(const Files& files) {
  const int fd = open(files.lock.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return 0;
  const bool held = flock(fd, LOCK_EX | LOCK_NB) != 0;
  close(fd);
  const std::string pid = ReadWord(files.pid);
  return held && !pid.empty() ? static_cast<pid_t>(std::stol(pid)) : 0;
}

int TakeLock(const Files& files) {
  const int fd = open(files.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

void WaitForTerminationSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  int received = 0;
  sigwait(&signals, &received);
}

void StartInBackground(const Options& options, const Files& files) {
  const std::string program = ThisProgram();
  const std::string port = std::to_string(options.port);
  const std::string grace = std::to_string(options.stop_grace_seconds);
  const char* const argv[] = {program.c_str(), "local",   "run",          "--data-dir", options.data_dir.c_str(),
                              "--port",        port.c_str(), "--images",  options.image_file.c_str(),
                              "--stop-grace",  grace.c_str(), nullptr};
  if (fork() != 0) return;
  setsid();
  const int log = open(files.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  dup2(log, 1);
  dup2(log, 2);
  for (int fd = 3; fd < 256; ++fd) close(fd);
  execv(program.c_str(), const_cast<char* const*>(argv));
  _exit(127);
}

void PrintLogTail(const std::string& path) {
  std::ifstream log(path);
  std::string line;
  std::string last;
  while (std::getline(log, line)) last = line;
  std::cerr << "The last line of " << path << ": " << last << std::endl;
}

}  // namespace

std::string DefaultImageMap(const std::string& program_dir) {
  std::string map = "# Images and the programs they stand for on this machine.\n";
  const auto add = [&map](const std::string& image, const std::string& folder, const std::string& program) {
    map += image + ":\n  entrypoint: [" + folder + "/" + program + "]\n  path: [" + folder + "]\n";
  };
  add("windlass-node", program_dir, "windlass-node");
  for (const char* name : {"redis", "valkey"}) {
    const std::string program = std::string(name) + "-server";
    for (const char* folder : {"/usr/local/bin", "/usr/bin"}) {
      if (!fs::exists(std::string(folder) + "/" + program)) continue;
      add(name, folder, program);
      break;
    }
  }
  return map;
}

int Run(Options options) {
  // Blocked before any thread starts, so that only WaitForTerminationSignal sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  FillDefaults(&options);
  const Files files(options.data_dir);
  const int lock = TakeLock(files);
  if (lock < 0) {
    std::cerr << "windlassctl: a local control plane already runs in " << options.data_dir
              << "; end it with 'windlassctl local down' or name another --data-dir" << std::endl;
    return 1;
  }
  try {
    api_server::Options server_options;
    server_options.port = options.port;
    server_options.data_dir = options.data_dir + "/objects";
    api_server::Server server(server_options);
    server.Start();

    pod_runner::RunnerOptions runner_options;
    runner_options.call = [&server](const std::string& method, const std::string& target, const std::string& body,
                                    const std::string& content_type) {
      const api_server::Reply reply = server.Call(method, target, body, content_type);
      return pod_runner::ApiReply{reply.status, reply.body};
    };
    runner_options.images = pod_runner::ImageMap::Load(options.image_file);
    runner_options.data_dir = options.data_dir;
    runner_options.stop_grace = seconds(options.stop_grace_seconds);
    const auto runner = std::make_shared<pod_runner::Runner>(runner_options);
    server.SetPodLogs(runner);
    runner->Start();

    std::ofstream(files.port) << server.port() << '\n';
    std::ofstream(files.kubeconfig) << server.Kubeconfig();
    std::ofstream(files.pid) << getpid() << '\n';
    std::cout << "API server at " << server.url() << ", kubeconfig " << files.kubeconfig << std::endl;
    WaitForTerminationSignal();
    std::cout << "stopping: ending pods" << std::endl;
    runner->Stop();
    server.Stop();
  } catch (const std::exception& e) {
    std::cerr << "windlassctl: " << e.what() << std::endl;
    close(lock);
    return 1;
  }
  fs::remove(files.pid);
  close(lock);
  return 0;
}

int Up(Options options) {
  FillDefaults(&options);
  const Files files(options.data_dir);
  if (RunningPid(files) == 0) {
    fs::remove(files.pid);
    StartInBackground(options, files);
    const auto deadline = SteadyClock::now() + kStartLimit;
    while (RunningPid(files) == 0 && SteadyClock::now() < deadline) std::this_thread::sleep_for(milliseconds(50));
    if (RunningPid(files) == 0) {
      std::cerr << "windlassctl: the local control plane did not start within " << kStartLimit.count() << " s\n";
      PrintLogTail(files.log);
      return 1;
    }
  }
  std::cout << "The local control plane runs (pid " << RunningPid(files) << ", log " << files.log << ").\n"
            << "Point kubectl at it:\n  export KUBECONFIG=" << files.kubeconfig << std::endl;
  return 0;
}

int Down(const Options& given) {
  Options options = given;
  FillDefaults(&options);
  const Files files(options.data_dir);
  const pid_t pid = RunningPid(files);
  if (pid == 0) {
    std::cout << "No local control plane runs in " << options.data_dir << "." << std::endl;
    return 0;
  }
  kill(pid, SIGTERM);
  const auto deadline = SteadyClock::now() + seconds(options.stop_grace_seconds + 5);
  while (RunningPid(files) != 0 && SteadyClock::now() < deadline) std::this_thread::sleep_for(milliseconds(50));
  if (RunningPid(files) != 0) {
    std::cerr << "windlassctl: the local control plane (pid " << pid << ") has not ended within "
              << options.stop_grace_seconds + 5 << " s; see " << files.log << std::endl;
    return 1;
  }
  std::cout << "The local control plane has ended; its objects and volumes stay in " << options.data_dir << "."
            << std::endl;
  return 0;
}

}  // namespace windlass::local
