// A small HTTP server for scrapers and probes: GET and HEAD of a few paths, answered
// from memory on the loop.
//
// Nothing a client does holds up the loop or grows without bound: few connections,
// short requests, one answer at a time, and who does not take its answer is closed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.h"
#include "node/net/connection.h"
#include "node/net/event_loop.h"
#include "node/net/listener.h"

namespace windlass::observe {

class HttpEndpoint final : public net::ByteHandler {
 public:
  struct Answer {
    int status = 200;
    std::string_view content_type = "text/plain; charset=utf-8";
    std::string body;
  };
  // Status 404: there is no such path.
  using Serve = std::function<Answer(std::string_view path)>;

  HttpEndpoint(net::EventLoop* loop, Serve serve);
  ~HttpEndpoint() override;
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;

  // Listens there instead of where it did. Port 0: nowhere. On an error it goes on
  // listening where it did, unless that was the same port: it cannot be bound twice.
  base::Result<void> Listen(const std::vector<std::string>& addresses, int port);
  void Close();
  size_t connections() const { return peers_.size(); }

  // net::ByteHandler
  size_t OnBytes(net::Connection& connection, std::string_view bytes) override;
  void OnWritable(net::Connection& connection) override;
  void OnClosed(net::Connection& connection, std::string_view reason) override;

  static constexpr size_t kMaxConnections = 32;
  static constexpr size_t kMaxRequestBytes = 8192;
  static constexpr int64_t kIdleMs = 60000;    // between requests
  static constexpr int64_t kAnswerMs = 10000;  // for a request to arrive or an answer to leave

 private:
  struct Peer {
    std::unique_ptr<net::Connection> connection;
    int64_t since_ms = 0;  // of the last progress
    bool inside = false;   // a request has begun or an answer has not left
  };
  void Accept(int fd);
  void CloseSlow();
  Peer* Find(const net::Connection& connection);
  // Bytes of the request that was answered; 0: it is not there as a whole.
  size_t AnswerOne(net::Connection& connection, std::string_view bytes);
  void Send(net::Connection& connection, const Answer& answer, bool head_only, bool keep);

  net::EventLoop* loop_;
  Serve serve_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  int port_ = 0;
  std::vector<Peer> peers_;
  net::TimerId timer_ = 0;
};

}  // namespace windlass::observe
