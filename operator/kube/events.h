// Events: what was done and why, beside the object that it was done to.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "operator/kube/client.h"

namespace windlass::kube {

struct ObjectRef {
  std::string api_version;
  std::string kind;
  std::string name_space;
  std::string name;
  std::string uid;
};

enum class EventType { kNormal, kWarning };

// The same event on the same object within ten minutes is counted, not
// repeated. An event that cannot be written is logged and forgotten: it must
// never stop the work it tells of. Thread-safe.
class EventRecorder {
 public:
  EventRecorder(Client& client, std::string component, std::string instance)
      : client_(client), component_(std::move(component)), instance_(std::move(instance)) {}

  void Record(const ObjectRef& object, EventType type, const std::string& reason, const std::string& message);

 private:
  struct Written {
    std::string name;
    int count = 0;
    int64_t first_ms = 0;
    int64_t last_ms = 0;
  };

  Client& client_;
  const std::string component_;
  const std::string instance_;
  std::mutex mutex_;
  std::map<std::string, Written> written_;  // by object, reason and message; guarded by mutex_
};

}  // namespace windlass::kube
