// See controller.h.
#include "operator/controller/controller.h"

#include "operator/base/log.h"
#include "operator/kube/error.h"

namespace windlass::controller {
namespace {
constexpr std::chrono::milliseconds kAfterConflict{50};
}

void Controller::Start(int workers) {
  for (int i = 0; i < workers; ++i) {
    workers_.emplace_back([this] {
      while (const auto key = queue_.Get()) Process(*key);
    });
  }
}

void Controller::Stop() {
  queue_.ShutDown();
  workers_.clear();  // joins
}

void Controller::Process(const std::string& key) {
  try {
    const Outcome outcome = reconciler_.Reconcile(key);
    queue_.Forget(key);
    if (outcome.again) queue_.AddAfter(key, *outcome.again, outcome.why);
  } catch (const kube::KubeError& error) {
    if (error.conflict()) {
      base::Log(base::LogLevel::kDebug, "conflict, reading again", {{"cluster", key}, {"error", error.what()}});
      queue_.AddAfter(key, kAfterConflict);
    } else {
      base::Log(base::LogLevel::kWarning, "pass failed", {{"cluster", key}, {"error", error.what()}});
      queue_.AddRateLimited(key);
    }
  } catch (const std::exception& error) {
    base::Log(base::LogLevel::kWarning, "pass failed", {{"cluster", key}, {"error", error.what()}});
    queue_.AddRateLimited(key);
  }
  queue_.Done(key);
}

}  // namespace windlass::controller
