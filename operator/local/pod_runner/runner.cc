#include "operator/local/pod_runner/runner.h"

#include <sys/prctl.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "operator/local/pod_runner/pod.h"

namespace windlass::pod_runner {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr const char* kHostIp = "127.0.0.1";

std::string ObjectPath(const json& object, const char* plural) {
  const json& metadata = object.at("metadata");
  return "/api/v1/namespaces/" + metadata.at("namespace").get<std::string>() + "/" + plural + "/" +
         metadata.at("name").get<std::string>();
}

json ListOf(const ApiCall& call, const std::string& target) {
  const auto list = GetObject(call, target);
  return list ? list->value("items", json::array()) : json::array();
}

bool Ended(const json& pod) {
  const std::string phase = pod.value("status", json::object()).value("phase", "");
  return phase == "Succeeded" || phase == "Failed";
}

}  // namespace

Runner::Runner(RunnerOptions options)
    : options_(std::move(options)), addresses_((fs::create_directories(options_.data_dir + "/volumes"),
                                                options_.data_dir + "/addresses")) {}

Runner::~Runner() { Stop(); }

void Runner::Start() {
  stopping_ = false;
  thread_ = std::thread([this] { Loop(); });
}

void Runner::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Runner::Loop() {
  // Children die with this thread (see Process), so that none outlives us.
  std::string last_error;
  while (!stopping_) {
    try {
      Pass();
      last_error.clear();
    } catch (const std::exception& e) {
      if (last_error != e.what()) std::cerr << "pod runner: " << e.what() << std::endl;
      last_error = e.what();
    }
    std::this_thread::sleep_for(options_.period);
  }
  EndAll();
}

void Runner::Pass() {
  RegisterNode();
  BindClaims();
  RunPods();
}

void Runner::RegisterNode() {
  const std::string target = "/api/v1/nodes/" + options_.node_name;
  if (GetObject(options_.call, target)) return;
  const json node = {{"apiVersion", "v1"},
                     {"kind", "Node"},
                     {"metadata", {{"name", options_.node_name}, {"labels", {{"kubernetes.io/hostname", options_.node_name}}}}}};
  options_.call("POST", "/api/v1/nodes", node.dump(), "application/json");
  const json status = {
      {"status",
       {{"addresses", {{{"type", "InternalIP"}, {"address", kHostIp}}}},
        {"conditions", {{{"type", "Ready"}, {"status", "True"}, {"reason", "RunnerReady"}, {"lastTransitionTime", TimestampNow()}}}},
        {"nodeInfo", {{"kubeletVersion", "windlass-local"}, {"osImage", "local"}}}}}};
  MergePatch(options_.call, target + "/status", status);
}

void Runner::BindClaims() {
  std::set<std::string> folders;
  for (const json& claim : ListOf(options_.call, "/api/v1/persistentvolumeclaims")) {
    const std::string folder = ClaimFolder(options_.data_dir + "/volumes", claim);
    folders.insert(folder);
    const std::string target = ObjectPath(claim, "persistentvolumeclaims");
    const json& spec = claim.at("spec");
    const json status = claim.value("status", json::object());
    const json wanted = spec.value("resources", json::object()).value("requests", json::object());
    if (status.value("phase", "") == "Bound") {
      // A folder is as large as anybody asks for.
      if (status.value("capacity", json::object()) != wanted) MergePatch(options_.call, target + "/status", {{"status", {{"capacity", wanted}}}});
      continue;
    }
    fs::create_directories(folder);
    MergePatch(options_.call, target, {{"spec", {{"volumeName", "local-" + claim.at("metadata").at("uid").get<std::string>()}}}});
    MergePatch(options_.call, target + "/status",
               {{"status", {{"phase", "Bound"},
                            {"accessModes", spec.value("accessModes", json::array())},
                            {"capacity", wanted}}}});
  }
  // A claim that was deleted takes its data along once no pod is left.
  for (const auto& entry : fs::directory_iterator(options_.data_dir + "/volumes")) {
    if (folders.count(entry.path().string()) == 0 && pods_.empty()) fs::remove_all(entry.path());
  }
}

void Runner::Admit(const json& object) {
  const json& metadata = object.at("metadata");
  const std::string uid = metadata.at("uid");
  const std::string known_ip = object.value("status", json::object()).value("podIP", "");
  PodOptions options;
  options.call = options_.call;
  options.images = &options_.images;
  // After a restart of the control plane a pod keeps its address.
  options.ip = known_ip.empty() ? addresses_.Allocate() : known_ip;
  options.host_ip = kHostIp;
  options.pod_dir = options_.data_dir + "/pods/" + metadata.at("namespace").get<std::string>() + "_" +
                    metadata.at("name").get<std::string>() + "_" + uid;
  options.claims_dir = options_.data_dir + "/volumes";
  fs::create_directories(options.pod_dir);
  const std::lock_guard<std::mutex> lock(mutex_);
  pods_.emplace(uid, std::make_unique<Pod>(object, options));
  uid_by_name_[metadata.at("namespace").get<std::string>() + "/" + metadata.at("name").get<std::string>()] = uid;
}

void Runner::Report(const json& object, Pod& pod) {
  const std::string target = ObjectPath(object, "pods");
  json status = pod.Status();
  const bool lost = object.value("status", json::object()).value("podIP", "").empty();
  if ((lost || pod.reported != status) && MergePatch(options_.call, target + "/status", {{"status", status}})) {
    pod.reported = std::move(status);
  }
  if (pod.gone() && object.at("metadata").contains("deletionTimestamp")) {
    const json body = {{"kind", "DeleteOptions"}, {"apiVersion", "v1"}, {"gracePeriodSeconds", 0},
                       {"preconditions", {{"uid", pod.uid()}}}};
    options_.call("DELETE", target, body.dump(), "application/json");
  }
}

void Runner::RunPods() {
  const json node = GetObject(options_.call, "/api/v1/nodes/" + options_.node_name).value_or(json::object());
  const bool cordoned = node.value("spec", json::object()).value("unschedulable", false);
  const auto now = SteadyClock::now();
  std::set<std::string> seen;
  const json pods = ListOf(options_.call, "/api/v1/pods");
  for (const json& object : pods) {
    const std::string uid = object.at("metadata").at("uid");
    const bool bound = !object.at("spec").value("nodeName", "").empty();
    if (!bound) {
      if (!cordoned && !object.at("metadata").contains("deletionTimestamp")) {
        MergePatch(options_.call, ObjectPath(object, "pods"), {{"spec", {{"nodeName", options_.node_name}}}});
      } else if (object.at("metadata").contains("deletionTimestamp")) {
        options_.call("DELETE", ObjectPath(object, "pods") + "?gracePeriodSeconds=0", "", "application/json");
      }
      continue;
    }
    seen.insert(uid);
    if (pods_.count(uid) == 0) {
      // What ended before this start is not run again.
      if (Ended(object) && !object.at("metadata").contains("deletionTimestamp")) continue;
      Admit(object);
    }
    Pod& pod = *pods_.at(uid);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      pod.Tick(object, now);
    }
    Report(object, pod);
  }
  for (auto it = pods_.begin(); it != pods_.end();) {
    if (seen.count(it->first) != 0) {
      ++it;
      continue;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    it->second->Abandon(now);
    if (it->second->gone()) {
      fs::remove_all(it->second->pod_dir());
      it = pods_.erase(it);
    } else {
      ++it;
    }
  }
}

void Runner::EndAll() {
  const auto give_up = SteadyClock::now() + options_.stop_grace + std::chrono::seconds(1);
  while (SteadyClock::now() < give_up) {
    bool all_gone = true;
    for (auto& [uid, pod] : pods_) {
      const std::lock_guard<std::mutex> lock(mutex_);
      pod->EndWithin(options_.stop_grace, SteadyClock::now());
      all_gone = all_gone && pod->gone();
    }
    if (all_gone) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  pods_.clear();
}

std::optional<Runner::LogState> Runner::FindLog(const Query& query) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto uid = uid_by_name_.find(query.name_space + "/" + query.pod);
  if (uid == uid_by_name_.end() || pods_.count(uid->second) == 0) return std::nullopt;
  const Pod& pod = *pods_.at(uid->second);
  const int restart = pod.RestartsOf(query.container) - (query.previous ? 1 : 0);
  if (restart < 0) return std::nullopt;
  // Ended: another run of the container, or the pod's end, has come.
  const bool ended = query.previous || pod.gone();
  return LogState{Container::LogPath(pod.pod_dir(), query.container, restart), ended};
}

std::optional<std::string> Runner::Stream(const Query& query, const Sink& sink) {
  const auto state = FindLog(query);
  const std::string what = std::string(query.previous ? "previous terminated container" : "container") + " \"" +
                           query.container + "\" in pod \"" + query.pod + "\"";
  if (!state || !fs::exists(state->path)) return what + (query.previous ? " not found" : " is waiting to start");
  std::ifstream file(state->path, std::ios::binary);
  if (query.tail_lines) {
    std::string line;
    std::vector<std::streampos> starts{file.tellg()};
    while (std::getline(file, line)) starts.push_back(file.tellg());
    file.clear();
    const auto lines = static_cast<int64_t>(starts.size()) - 1;
    const auto skip = std::max<int64_t>(0, lines - *query.tail_lines);
    file.seekg(starts[static_cast<size_t>(skip)] < 0 ? starts[0] : starts[static_cast<size_t>(skip)]);
  }
  int64_t left = query.limit_bytes.value_or(INT64_MAX);
  char chunk[16384];
  while (left > 0) {
    file.read(chunk, static_cast<std::streamsize>(std::min<int64_t>(sizeof(chunk), left)));
    const auto got = file.gcount();
    left -= got;
    if (!sink(std::string_view(chunk, static_cast<size_t>(got)))) return std::nullopt;
    if (got > 0) continue;
    if (!query.follow || stopping_) return std::nullopt;
    const auto current = FindLog(query);
    if (!current || current->ended || current->path != state->path) return std::nullopt;
    file.clear();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return std::nullopt;
}

}  // namespace windlass::pod_runner
