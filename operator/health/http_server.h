// Answers GET on a few fixed paths, one connection at a time, on a thread of its
// own. For probes and scrapes: requests are small, peers are given two seconds,
// and every connection is closed after its answer.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <thread>

namespace windlass::health {

struct Answer {
  int status = 200;
  std::string body;
};

class HttpServer {
 public:
  using Handlers = std::map<std::string, std::function<Answer()>>;  // by path

  // Listens at once, on every address of both families; port 0 takes a free one.
  // Throws base::Failure if it cannot. Handlers are called on the server's thread.
  HttpServer(int port, Handlers handlers);
  ~HttpServer();

  int port() const { return port_; }

 private:
  void Run(std::stop_token stop);
  void Serve(int peer) const;
  Answer AnswerTo(const std::string& request) const;

  const Handlers handlers_;
  int listener_ = -1;
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace windlass::health
