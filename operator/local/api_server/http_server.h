// HTTP/1.1 on loopback: reads requests, hands them to a handler, writes what it
// answers. One thread a connection: a few clients with a few watches each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "operator/local/api_server/request.h"

namespace windlass::api_server {

class HttpServer {
 public:
  using Handler = std::function<Response(const Request&)>;

  explicit HttpServer(Handler handler);
  ~HttpServer();

  // Binds and begins to accept. Throws std::runtime_error.
  void Start(const std::string& address, uint16_t port);
  uint16_t port() const;
  // Closes every connection and joins every thread.
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace windlass::api_server
