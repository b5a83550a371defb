#include "operator/local/pod_runner/container.h"

#include <csignal>
#include <filesystem>

namespace windlass::pod_runner {

namespace {

using nlohmann::json;

// As the kubelet: the first restart at once, then 10 s, doubling up to 5 min;
// ten minutes of running forgive the past.
constexpr std::chrono::seconds kFirstBackoff{10};
constexpr std::chrono::seconds kLongestBackoff{300};
constexpr std::chrono::minutes kForgivenAfter{10};
constexpr std::chrono::seconds kConfigRetry{1};

int PortOf(const json& spec, const json& port) {
  if (port.is_number()) return port.get<int>();
  for (const json& candidate : spec.value("ports", json::array())) {
    if (candidate.value("name", "") == port.get<std::string>()) return candidate.at("containerPort");
  }
  return 0;
}

}  // namespace

Container::Container(json spec, bool init) : spec_(std::move(spec)), init_(init) {}

std::string Container::LogPath(const std::string& pod_dir, const std::string& container, int restart) {
  return pod_dir + "/" + container + "/" + std::to_string(restart) + ".log";
}

bool Container::ready() const {
  if (init_) return succeeded();
  return running() && (!startup_ || startup_->passing()) && (!readiness_ || readiness_->passing());
}

ProcessSpec Container::BuildProcess(const ContainerContext& context, const json* exec_command) const {
  const auto image = spec_.at("image").get<std::string>();
  const auto programs = context.images->Find(image);
  if (!programs) {
    throw NotReadyToStart("ImagePullBackOff",
                          "Back-off pulling image \"" + image + "\": no program is mapped to it on this machine");
  }
  const PathMapping mapping = context.volumes->MappingFor(*context.pod, spec_);
  ProcessSpec process;
  process.path = programs->path;
  for (auto& [name, value] : BuildEnvironment(*context.call, *context.pod, spec_, context.facts)) {
    process.env[name] = mapping.Rewrite(value);
  }
  const auto add = [&](const json& words) {
    for (const json& word : words) {
      process.argv.push_back(mapping.Rewrite(ExpandVariables(word.get<std::string>(), process.env)));
    }
  };
  if (exec_command != nullptr) {
    add(*exec_command);
  } else {
    if (spec_.contains("command") && !spec_.at("command").empty()) {
      add(spec_.at("command"));
    } else {
      process.argv = programs->entrypoint;
    }
    add(spec_.value("args", json::array()));
  }
  process.working_dir = spec_.contains("workingDir") ? mapping.Rewrite(spec_.at("workingDir"))
                                                     : context.pod_dir + "/" + spec_.at("name").get<std::string>();
  return process;
}

void Container::Start(const ContainerContext& context, Clock::time_point now) {
  const auto name = spec_.at("name").get<std::string>();
  try {
    ProcessSpec process = BuildProcess(context, nullptr);
    const int restart = started_once_ ? restarts_ + 1 : 0;
    process.log_file = LogPath(context.pod_dir, name, restart);
    std::filesystem::create_directories(context.pod_dir + "/" + name);
    memory_limit_.reset();
    const std::string limit =
        spec_.value("resources", json::object()).value("limits", json::object()).value("memory", "");
    if (const auto bytes = ParseQuantity(limit)) {
      memory_limit_ = std::make_unique<MemoryLimit>(
          context.pod->at("metadata").value("uid", "") + "-" + name + "-" + std::to_string(restart), *bytes);
      process.cgroup_procs_file = memory_limit_->procs_file();
    }
    process_ = std::make_unique<Process>(process);
    restarts_ = restart;
  } catch (const NotReadyToStart& e) {
    waiting_reason_ = e.reason();
    waiting_message_ = e.what();
    next_start_ = now + kConfigRetry;
    return;
  } catch (const std::exception& e) {
    waiting_reason_ = "RunContainerError";
    waiting_message_ = e.what();
    next_start_ = now + kFirstBackoff;
    return;
  }
  started_once_ = true;
  started_at_ = now;
  started_text_ = TimestampNow();
  StartProbes(context);
}

ProbeCheck Container::MakeCheck(const ContainerContext& context, const json& probe) const {
  const std::string ip = context.facts.ip;
  if (probe.contains("tcpSocket")) {
    const int port = PortOf(spec_, probe.at("tcpSocket").at("port"));
    return [ip, port](std::chrono::milliseconds timeout) { return CheckTcp(ip, port, timeout); };
  }
  if (probe.contains("httpGet")) {
    const int port = PortOf(spec_, probe.at("httpGet").at("port"));
    const std::string path = probe.at("httpGet").value("path", "/");
    return [ip, port, path](std::chrono::milliseconds timeout) { return CheckHttp(ip, port, path, timeout); };
  }
  const json command = probe.value("exec", json::object()).value("command", json::array());
  return [process = BuildProcess(context, &command)](std::chrono::milliseconds timeout) {
    try {
      Process check(process);
      const auto exit = check.WaitFor(timeout);
      return exit && exit->exit_code == 0;
    } catch (const std::exception&) {
      return false;
    }
  };
}

void Container::StartProbes(const ContainerContext& context) {
  const auto make = [&](const char* name, bool initially) -> std::unique_ptr<Probe> {
    if (!spec_.contains(name)) return nullptr;
    const json& probe = spec_.at(name);
    return std::make_unique<Probe>(ParseProbeSettings(probe), MakeCheck(context, probe), initially);
  };
  startup_ = make("startupProbe", false);
  liveness_ = make("livenessProbe", true);
  readiness_ = make("readinessProbe", false);
}

void Container::TickProbes(Clock::time_point now) {
  if (startup_ && !startup_->passing()) {
    startup_->Tick(now);
    if (startup_->failed()) Terminate(std::chrono::seconds(30), now);
    if (!startup_->passing()) return;
  }
  if (readiness_) readiness_->Tick(now);
  if (liveness_ && !kill_at_) {
    liveness_->Tick(now);
    if (liveness_->failed()) {
      process_->Signal(SIGTERM);
      kill_at_ = now + std::chrono::seconds(30);
    }
  }
}

void Container::OnExit(const ExitStatus& exit, const std::string& restart_policy, Clock::time_point now) {
  last_exit_ = exit;
  const bool out_of_memory = memory_limit_ && memory_limit_->OutOfMemory();
  last_terminated_ = {{"exitCode", exit.exit_code},
                      {"reason", out_of_memory ? "OOMKilled" : exit.exit_code == 0 ? "Completed" : "Error"},
                      {"startedAt", started_text_},
                      {"finishedAt", TimestampNow()}};
  if (exit.signal != 0) last_terminated_["signal"] = exit.signal;
  process_.reset();
  startup_.reset();
  liveness_.reset();
  readiness_.reset();
  kill_at_.reset();
  const bool again = !terminating_ && (init_ ? exit.exit_code != 0 && restart_policy != "Never"
                                             : restart_policy == "Always" ||
                                                   (restart_policy == "OnFailure" && exit.exit_code != 0));
  if (!again) {
    finished_ = true;
    return;
  }
  if (now - started_at_ > kForgivenAfter) backoff_ = std::chrono::seconds(0);
  next_start_ = now + backoff_;
  waiting_reason_ = "CrashLoopBackOff";
  waiting_message_ = "back-off " + std::to_string(backoff_.count()) + "s restarting failed container=" +
                     spec_.at("name").get<std::string>();
  backoff_ = backoff_.count() == 0 ? kFirstBackoff : std::min(backoff_ * 2, kLongestBackoff);
}

void Container::Tick(const ContainerContext& context, const std::string& restart_policy, Clock::time_point now) {
  if (finished_) return;
  if (process_) {
    if (memory_limit_) memory_limit_->Enforce(*process_);
    if (const auto exit = process_->Poll()) {
      OnExit(*exit, restart_policy, now);
    } else {
      if (kill_at_ && now >= *kill_at_) process_->Signal(SIGKILL);
      if (!terminating_) TickProbes(now);
    }
  }
  if (!process_ && !finished_ && !terminating_ && now >= next_start_) Start(context, now);
}

void Container::Terminate(std::chrono::seconds grace, Clock::time_point now) {
  const auto deadline = now + grace;
  if (!terminating_ && process_) process_->Signal(SIGTERM);
  terminating_ = true;
  if (!process_) {
    finished_ = true;
  } else if (!kill_at_ || deadline < *kill_at_) {
    kill_at_ = deadline;
  }
}

void Container::Resize(const json& resources) {
  if (spec_.value("resources", json::object()) == resources) return;
  spec_["resources"] = resources;
  const auto bytes = ParseQuantity(resources.value("limits", json::object()).value("memory", ""));
  if (memory_limit_ && bytes) memory_limit_->Set(*bytes);
}

json Container::Status() const {
  const auto image = spec_.at("image").get<std::string>();
  json status = {{"name", spec_.at("name")}, {"image", image}, {"imageID", "local://" + image},
                 {"restartCount", restarts_}, {"ready", ready()}, {"started", running()}};
  if (spec_.contains("resources")) status["resources"] = spec_.at("resources");
  if (started_once_) status["containerID"] = "local://" + spec_.at("name").get<std::string>() + "-" + std::to_string(restarts_);
  json last = json::object();
  if (running()) {
    status["state"] = {{"running", {{"startedAt", started_text_}}}};
    if (!last_terminated_.is_null()) last["terminated"] = last_terminated_;
  } else if (finished_ && !last_terminated_.is_null()) {
    status["state"] = {{"terminated", last_terminated_}};
  } else {
    json waiting = {{"reason", waiting_reason_}};
    if (!waiting_message_.empty()) waiting["message"] = waiting_message_;
    status["state"] = {{"waiting", waiting}};
    if (!last_terminated_.is_null()) last["terminated"] = last_terminated_;
  }
  status["lastState"] = last;
  return status;
}

}  // namespace windlass::pod_runner
