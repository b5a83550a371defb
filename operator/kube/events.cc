// See events.h.
#include "operator/kube/events.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "node/base/clock.h"
#include "operator/base/log.h"
#include "operator/base/time.h"

namespace windlass::kube {
namespace {

constexpr int64_t kSameWithinMs = 600000;
constexpr int64_t kCountEveryMs = 5000;
constexpr size_t kRemembered = 4096;

std::string UniqueName(const std::string& object, const base::Clock& clock) {
  char suffix[32];
  const auto number = static_cast<unsigned long long>(clock.UnixMs() * 1000 + clock.MonotonicUs() % 1000);
  std::snprintf(suffix, sizeof suffix, ".%llx", number);
  return object + suffix;
}

}  // namespace

void EventRecorder::Record(const ObjectRef& object, EventType type, const std::string& reason,
                           const std::string& message) {
  const bool warning = type == EventType::kWarning;
  const base::SystemClock clock;
  const int64_t now_ms = clock.UnixMs();
  Written written;
  {
    const std::lock_guard lock(mutex_);
    if (written_.size() > kRemembered) written_.clear();
    Written& known = written_[object.uid + "\n" + reason + "\n" + message];
    if (known.count == 0 || now_ms - known.last_ms > kSameWithinMs) {
      known = {UniqueName(object.name, clock), 0, now_ms, 0};
    } else if (now_ms - known.last_ms < kCountEveryMs) {
      return;
    }
    ++known.count;
    known.last_ms = now_ms;
    written = known;
  }
  base::Log(warning ? base::LogLevel::kWarning : base::LogLevel::kInfo, message,
            {{"cluster", object.name_space + "/" + object.name}, {"reason", reason}});
  try {
    if (written.count > 1) {
      client_.MergePatch(kEvents, object.name_space, written.name,
                         {{"count", written.count}, {"lastTimestamp", base::Rfc3339(now_ms)}});
      return;
    }
    client_.Create(kEvents, object.name_space,
                   {{"apiVersion", "v1"},
                    {"kind", "Event"},
                    {"metadata", {{"name", written.name}, {"namespace", object.name_space}}},
                    {"involvedObject",
                     {{"apiVersion", object.api_version}, {"kind", object.kind}, {"name", object.name},
                      {"namespace", object.name_space}, {"uid", object.uid}}},
                    {"type", warning ? "Warning" : "Normal"},
                    {"reason", reason},
                    {"message", message.substr(0, 1024)},
                    {"source", {{"component", component_}}},
                    {"reportingComponent", component_},
                    {"reportingInstance", instance_},
                    {"firstTimestamp", base::Rfc3339(written.first_ms)},
                    {"lastTimestamp", base::Rfc3339(now_ms)},
                    {"count", 1}});
  } catch (const std::exception& error) {
    base::Log(base::LogLevel::kWarning, "an event could not be written", {{"reason", reason}, {"error", error.what()}});
  }
}

}  // namespace windlass::kube
