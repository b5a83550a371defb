// See informer.h.
#include "operator/informer/informer.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "operator/base/log.h"

namespace windlass::informer {
namespace {

// Sleeps, but not past a stop request.
void Pause(std::stop_token stop, std::chrono::milliseconds duration) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, duration, [] { return false; });
}

std::string VersionOf(const Json& object) {
  return object.value("metadata", Json::object()).value("resourceVersion", "");
}

// The way to the server broke, or it has no time: what it knows is as good as before.
bool Passing(const std::exception& error) {
  const auto* refused = dynamic_cast<const kube::KubeError*>(&error);
  return refused != nullptr && (refused->status() == 0 || refused->status() == 429 || refused->status() == 503);
}

}  // namespace

Informer::Informer(kube::Client& client, Options options, OnChange on_change)
    : client_(client), options_(std::move(options)), on_change_(std::move(on_change)), store_(options_.trim, options_.label) {}

Informer::~Informer() { Stop(); }

void Informer::Start() {
  thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

void Informer::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Informer::Run(std::stop_token stop) {
  auto backoff = options_.first_backoff;
  while (!stop.stop_requested()) {
    try {
      if (version_.empty()) List();
      heard_ = false;
      Watch(stop);
      backoff = options_.first_backoff;
      // A server that ends watches at once must not make us spin.
      if (!heard_) Pause(stop, options_.first_backoff);
    } catch (const std::exception& error) {
      if (stop.stop_requested()) return;
      if (heard_) backoff = options_.first_backoff;
      heard_ = false;
      // What was missed meanwhile the server tells from the last version on, or says that it cannot.
      if (!Passing(error)) version_.clear();
      base::Log(base::LogLevel::kWarning, version_.empty() ? "watch failed, listing again" : "watch failed, going on",
                {{"kind", options_.kind.plural}, {"error", error.what()}, {"in_ms", std::to_string(backoff.count())}});
      Pause(stop, backoff);
      backoff = std::min(backoff * 2, options_.longest_backoff);
    }
  }
}

void Informer::List() {
  std::set<std::string> listed;
  const std::string version = client_.List(options_.kind, options_.name_space, options_.label_selector, [&](const Json& object) {
    listed.insert(KeyOf(object));
    if (store_.Observe(object)) on_change_(object);
  });
  const auto gone = store_.RetainOnly(listed, version);
  version_ = version;
  store_.ForgetTombstonesUpTo(version_);
  for (const Object& object : gone) on_change_(*object);
}

void Informer::Watch(std::stop_token stop) {
  kube::WatchOptions watch;
  watch.label_selector = options_.label_selector;
  watch.resource_version = version_;
  watch.timeout = options_.watch_timeout;
  try {
    client_.Watch(options_.kind, options_.name_space, watch,
                  [this](const std::string& type, const Json& object) { return OnEvent(type, object); }, stop);
  } catch (const kube::KubeError& error) {
    if (!error.gone()) throw;
    base::Log(base::LogLevel::kInfo, "the watch's version is gone, listing again", {{"kind", options_.kind.plural}});
    version_.clear();
    heard_ = true;
  }
}

bool Informer::OnEvent(const std::string& type, const Json& object) {
  if (type == "ERROR") {
    throw kube::KubeError(object.value("code", 0), object.value("reason", ""),
                          std::string("watch of ") + options_.kind.plural + ": " + object.value("message", ""));
  }
  heard_ = true;
  const std::string version = VersionOf(object);
  if (!version.empty()) version_ = version;
  if (type == "BOOKMARK") {
    store_.ForgetTombstonesUpTo(version);
    return true;
  }
  const bool changed = type == "DELETED" ? store_.ObserveDeleted(object) : store_.Observe(object);
  if (changed) on_change_(object);
  return true;
}

}  // namespace windlass::informer
