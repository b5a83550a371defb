#include "operator/local/pod_runner/pod.h"

#include <algorithm>

namespace windlass::pod_runner {

namespace {

using nlohmann::json;

constexpr std::chrono::seconds kRefreshEvery{2};

json Condition(const char* type, bool holds, const std::string& since, const std::string& reason = "",
               const std::string& message = "") {
  json condition = {{"type", type}, {"status", holds ? "True" : "False"}, {"lastTransitionTime", since}};
  if (!reason.empty()) condition["reason"] = reason;
  if (!message.empty()) condition["message"] = message;
  return condition;
}

}  // namespace

Pod::Pod(json object, PodOptions options)
    : object_(std::move(object)), options_(std::move(options)), uid_(object_.at("metadata").at("uid")),
      volumes_(options_.call, options_.pod_dir, options_.claims_dir), start_time_(TimestampNow()),
      ready_since_(start_time_) {
  const json& spec = object_.at("spec");
  for (const json& container : spec.value("initContainers", json::array())) init_.emplace_back(container, true);
  for (const json& container : spec.at("containers")) containers_.emplace_back(container, false);
}

void Pod::Tick(json object, Clock::time_point now) {
  object_ = std::move(object);
  const json& metadata = object_.at("metadata");
  const json specs = object_.at("spec").at("containers");
  for (size_t i = 0; i < containers_.size() && i < specs.size(); ++i) containers_[i].Resize(specs[i].value("resources", json::object()));
  if (metadata.contains("deletionTimestamp")) {
    BeginTermination(std::chrono::seconds(metadata.value("deletionGracePeriodSeconds", 30)), now);
  }
  if (!volumes_ready_ && !deleting_) {
    try {
      volumes_.Materialise(object_);
      volumes_ready_ = true;
    } catch (const NotReadyToStart& e) {
      volume_reason_ = e.reason();
      volume_message_ = e.what();
      return;
    }
    next_refresh_ = now + kRefreshEvery;
  }
  if (volumes_ready_ && !deleting_ && now >= next_refresh_) {
    volumes_.Refresh(object_);
    next_refresh_ = now + kRefreshEvery;
  }
  TickContainers(now);
}

void Pod::TickContainers(Clock::time_point now) {
  const std::string policy = object_.at("spec").value("restartPolicy", "Always");
  ContainerContext context{&options_.call, options_.images, &volumes_, &object_, {options_.ip, options_.host_ip},
                           options_.pod_dir};
  for (Container& container : init_) {
    container.Tick(context, policy, now);
    // One after the other, and the pod's containers after the last of them.
    if (!container.succeeded() && !deleting_) return;
  }
  for (Container& container : containers_) container.Tick(context, policy, now);
}

void Pod::BeginTermination(std::chrono::seconds grace, Clock::time_point now) {
  deleting_ = true;
  for (Container& container : init_) container.Terminate(grace, now);
  for (Container& container : containers_) container.Terminate(grace, now);
}

void Pod::Abandon(Clock::time_point now) { EndWithin(std::chrono::seconds(0), now); }

void Pod::EndWithin(std::chrono::seconds grace, Clock::time_point now) {
  BeginTermination(grace, now);
  TickContainers(now);
}

bool Pod::gone() const {
  const auto ended = [](const Container& c) { return !c.running(); };
  return deleting_ && std::all_of(init_.begin(), init_.end(), ended) &&
         std::all_of(containers_.begin(), containers_.end(), ended);
}

int Pod::RestartsOf(const std::string& name) const {
  for (const auto* group : {&init_, &containers_}) {
    for (const Container& container : *group) {
      const json status = container.Status();
      if (status.at("name") == name) return status.at("restartCount").get<int>();
    }
  }
  return -1;
}

std::string Pod::Phase() const {
  const auto finished = [](const Container& c) { return c.finished(); };
  if (std::any_of(init_.begin(), init_.end(), [](const Container& c) { return c.finished() && !c.succeeded(); })) {
    return "Failed";
  }
  if (std::all_of(containers_.begin(), containers_.end(), finished)) {
    const bool ok = std::all_of(containers_.begin(), containers_.end(), [](const Container& c) { return c.succeeded(); });
    return ok ? "Succeeded" : "Failed";
  }
  const bool started = std::any_of(containers_.begin(), containers_.end(),
                                   [](const Container& c) { return c.Status().contains("containerID"); });
  return started ? "Running" : "Pending";
}

bool Pod::Ready() const {
  return !deleting_ && std::all_of(containers_.begin(), containers_.end(), [](const Container& c) { return c.ready(); });
}

json Pod::Status() const {
  const bool ready = Ready();
  if (was_ready_ != ready) {
    was_ready_ = ready;
    ready_since_ = TimestampNow();
  }
  json status = {{"phase", Phase()},      {"hostIP", options_.host_ip},
                 {"podIP", options_.ip},  {"podIPs", {{{"ip", options_.ip}}}},
                 {"startTime", start_time_}, {"qosClass", "Burstable"}};
  const bool initialized = std::all_of(init_.begin(), init_.end(), [](const Container& c) { return c.succeeded(); });
  status["conditions"] = json::array(
      {Condition("PodScheduled", true, start_time_), Condition("Initialized", initialized, start_time_),
       Condition("ContainersReady", ready, ready_since_, ready ? "" : "ContainersNotReady"),
       Condition("Ready", ready, ready_since_, ready ? "" : "ContainersNotReady", volumes_ready_ ? "" : volume_message_)});
  const auto statuses = [&](const std::vector<Container>& group) {
    json list = json::array();
    for (const Container& container : group) {
      json one = container.Status();
      if (!volumes_ready_ && !volume_reason_.empty()) {
        one["state"] = {{"waiting", {{"reason", volume_reason_}, {"message", volume_message_}}}};
      }
      list.push_back(std::move(one));
    }
    return list;
  };
  if (!init_.empty()) status["initContainerStatuses"] = statuses(init_);
  status["containerStatuses"] = statuses(containers_);
  return status;
}

}  // namespace windlass::pod_runner
