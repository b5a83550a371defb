// A Transport that answers from a script and keeps what it was asked.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "operator/kube/error.h"
#include "operator/kube/transport.h"

namespace windlass::kube {

class FakeTransport final : public Transport {
 public:
  struct Script {
    HttpResponse response;
    std::vector<std::string> lines;  // of a stream
    bool hold = false;               // a stream stays open until it is stopped
    bool fail = false;               // no answer, or none after its lines
  };

  void ExpectSend(HttpResponse response) { sends_.push_back({std::move(response), {}, false, false}); }
  void ExpectStream(Script script) { streams_.push_back(std::move(script)); }

  HttpResponse Send(const HttpRequest& request) override {
    const std::lock_guard lock(mutex_);
    asked_.push_back(request);
    if (sends_.empty()) throw KubeError(0, "NoAnswer", "the script is over");
    const Script script = sends_.front();
    sends_.pop_front();
    return script.response;
  }

  HttpResponse Stream(const HttpRequest& request, const LineSink& sink, std::stop_token stop) override {
    Script script;
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(request);
      if (streams_.empty()) {
        script.hold = true;
      } else {
        script = streams_.front();
        streams_.pop_front();
      }
    }
    for (const std::string& line : script.lines) {
      if (!sink(line)) return script.response;
    }
    if (script.fail) throw KubeError(0, "NoAnswer", "cut");
    if (script.hold) {
      std::mutex mutex;
      std::condition_variable_any wake;
      std::unique_lock lock(mutex);
      wake.wait(lock, stop, [] { return false; });
    }
    return script.response;
  }

  std::vector<HttpRequest> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<Script> sends_;
  std::deque<Script> streams_;
  std::vector<HttpRequest> asked_;
};

}  // namespace windlass::kube
