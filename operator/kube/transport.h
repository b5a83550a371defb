// The port between the Kubernetes client and the network: one request and its
// answer, or one request and a stream of lines. Tests put a fake behind it.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace windlass::kube {

struct HttpRequest {
  std::string method = "GET";
  std::string path;  // absolute; Kubernetes names need no percent-encoding
  std::vector<std::pair<std::string, std::string>> query;
  std::string body;
  std::string content_type;
  // For the whole exchange; of a stream, for its whole life.
  std::chrono::milliseconds deadline{10000};
};

struct HttpResponse {
  int status = 0;
  std::string body;
};

class Transport {
 public:
  // Takes one line without its newline; false ends the stream.
  using LineSink = std::function<bool(std::string_view line)>;

  virtual ~Transport() = default;

  // Any HTTP answer is a response. Throws KubeError with status 0 if none came
  // in time. Thread-safe.
  virtual HttpResponse Send(const HttpRequest& request) = 0;

  // Lines go to `sink` as they arrive, until the server ends the answer, the
  // sink says false or `stop` is requested. An answer other than 200 is
  // returned whole and has no lines. Throws KubeError with status 0 if no
  // answer came or it broke off. Thread-safe.
  virtual HttpResponse Stream(const HttpRequest& request, const LineSink& sink, std::stop_token stop) = 0;
};

}  // namespace windlass::kube
