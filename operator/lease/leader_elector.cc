// See leader_elector.h.
#include "operator/lease/leader_elector.h"

#include <condition_variable>
#include <nlohmann/json.hpp>

#include "node/base/clock.h"
#include "operator/base/log.h"
#include "operator/base/time.h"

namespace windlass::lease {
namespace {

using Json = nlohmann::json;

std::string MicroTimeNow() { return base::Rfc3339Micro(base::SystemClock().UnixMs()); }

int64_t WholeSeconds(std::chrono::milliseconds duration) { return (duration.count() + 999) / 1000; }

}  // namespace

LeaderElector::LeaderElector(kube::Client& client, Options options, std::function<void(bool)> on_change)
    : client_(client), options_(std::move(options)), on_change_(std::move(on_change)) {}

LeaderElector::~LeaderElector() { Stop(); }

void LeaderElector::Start() {
  thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

void LeaderElector::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  Release();
}

bool LeaderElector::HeldFor(std::chrono::milliseconds margin) const {
  const std::lock_guard lock(mutex_);
  return Clock::now() + margin < term_end_;
}

void LeaderElector::SetTerm(Clock::time_point end) {
  const std::lock_guard lock(mutex_);
  term_end_ = end;
}

void LeaderElector::Run(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    Tick(Clock::now());
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, options_.renew_every, [] { return false; });
  }
}

void LeaderElector::Tick(Clock::time_point now) {
  bool held = false;
  try {
    held = TryTakeOrRenew(now);
  } catch (const std::exception& error) {
    // Unknown is not lost: the term we were granted still runs.
    held = HeldFor(std::chrono::milliseconds::zero());
    base::Log(base::LogLevel::kWarning, "cannot renew or take the lease", {{"lease", options_.name}, {"error", error.what()}});
  }
  if (held == told_held_) return;
  told_held_ = held;
  if (!held) SetTerm({});
  on_change_(held);
}

bool LeaderElector::TryTakeOrRenew(Clock::time_point now) {
  const auto existing = client_.Get(kube::kLeases, options_.name_space, options_.name);
  Json lease = existing.value_or(Json{{"apiVersion", "coordination.k8s.io/v1"},
                                      {"kind", "Lease"},
                                      {"metadata", {{"name", options_.name}, {"namespace", options_.name_space}}},
                                      {"spec", Json::object()}});
  Json& spec = lease["spec"];
  const std::string holder = spec.value("holderIdentity", "");
  const std::string version = lease["metadata"].value("resourceVersion", "");
  if (version != seen_version_) {
    seen_version_ = version;
    seen_at_ = now;
  }
  const auto others_term = std::chrono::seconds(spec.value("leaseDurationSeconds", 0));
  if (!holder.empty() && holder != options_.identity && now < seen_at_ + others_term) return false;

  if (holder != options_.identity) {
    spec["acquireTime"] = MicroTimeNow();
    spec["leaseTransitions"] = spec.value("leaseTransitions", 0) + (existing ? 1 : 0);
  }
  spec["holderIdentity"] = options_.identity;
  spec["leaseDurationSeconds"] = WholeSeconds(options_.duration);
  spec["renewTime"] = MicroTimeNow();
  try {
    const Json written = existing ? client_.Update(kube::kLeases, options_.name_space, lease)
                                  : client_.Create(kube::kLeases, options_.name_space, lease);
    seen_version_ = written.at("metadata").value("resourceVersion", "");
    seen_at_ = now;
  } catch (const kube::KubeError& error) {
    if (error.conflict() || error.already_exists()) return false;
    throw;
  }
  SetTerm(now + options_.duration);
  return true;
}

void LeaderElector::Release() {
  if (!HeldFor(std::chrono::milliseconds::zero())) return;
  SetTerm({});
  try {
    auto lease = client_.Get(kube::kLeases, options_.name_space, options_.name);
    if (!lease || lease->at("spec").value("holderIdentity", "") != options_.identity) return;
    (*lease)["spec"]["holderIdentity"] = "";
    client_.Update(kube::kLeases, options_.name_space, *lease);
  } catch (const std::exception& error) {
    base::Log(base::LogLevel::kWarning, "cannot let the lease go; it runs out by itself", {{"error", error.what()}});
  }
}

}  // namespace windlass::lease
