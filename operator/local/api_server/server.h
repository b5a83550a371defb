// The local API server: speaks the Kubernetes REST protocol on loopback, well
// enough for a stock kubectl and for the operator, and keeps its objects on disk.
//
// Start() binds and serves from threads of its own; the destructor stops it.
// Every public method may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace windlass::api_server {

// Where `kubectl logs` comes from: whoever runs the pods implements it.
class PodLogs {
 public:
  struct Query {
    std::string name_space;
    std::string pod;
    std::string container;  // never empty: the server fills in the pod's only container
    bool follow = false;
    bool previous = false;
    bool timestamps = false;
    std::optional<int64_t> tail_lines;
    std::optional<int64_t> since_seconds;
    std::optional<int64_t> limit_bytes;
  };
  // Takes the next bytes; false once the reader has gone (stop then). With
  // nothing to write call it with "" at least once a second, to learn that.
  using Sink = std::function<bool(std::string_view)>;

  virtual ~PodLogs() = default;

  // Writes the log to `sink`; with `follow`, until the container has ended or
  // the sink says false. An error text if there is no such log, and then
  // nothing has been written.
  virtual std::optional<std::string> Stream(const Query& query, const Sink& sink) = 0;
};

struct Options {
  std::string address = "127.0.0.1";
  uint16_t port = 0;     // 0: a free one
  std::string data_dir;  // created if absent; one server at a time may hold it
  // If not empty, requests must carry `Authorization: Bearer <token>`. kubectl
  // sends tokens over TLS only, so this is for other clients.
  std::string token;
  // Events kept for watches; an older resourceVersion is answered with 410.
  size_t history_limit = 8192;
};

struct Reply {
  int status = 0;
  std::string content_type;
  std::string body;
};

class Server {
 public:
  explicit Server(Options options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Loads the data directory and serves. Throws std::runtime_error, with a
  // text that says what to do, if the directory or the port cannot be used.
  void Start();
  // Ends watches, closes connections and joins every thread. Idempotent.
  void Stop();

  uint16_t port() const;
  std::string url() const;         // http://127.0.0.1:PORT
  std::string Kubeconfig() const;  // YAML text of a kubeconfig for this server

  // May be called at any time; until then logs answer 404. The source must
  // stay valid until it is replaced or Stop() has returned.
  void SetPodLogs(std::shared_ptr<PodLogs> logs);

  // One request without the network (no watches): the same code as over HTTP.
  Reply Call(const std::string& method, const std::string& target, const std::string& body = "",
             const std::string& content_type = "application/json");

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace windlass::api_server
