// A listening socket, TCP or Unix, that hands over accepted descriptors.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "node/base/result.h"
#include "node/net/event_loop.h"

namespace windlass::net {

class Listener final : public FdHandler {
 public:
  using OnAccept = std::function<void(int fd)>;  // non-blocking, close-on-exec; the callee owns it

  // An address that cannot be bound is an error whose text ends in strerror's.
  static base::Result<std::unique_ptr<Listener>> Tcp(EventLoop* loop, const std::string& address, int port,
                                                     int backlog, OnAccept on_accept);
  static base::Result<std::unique_ptr<Listener>> Unix(EventLoop* loop, const std::string& path, int mode,
                                                      int backlog, OnAccept on_accept);
  ~Listener() override;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int port() const { return port_; }
  int fd() const { return fd_; }
  void OnReady(uint32_t events) override;

 private:
  Listener(EventLoop* loop, int fd, int port, std::string path, OnAccept on_accept);

  EventLoop* loop_;
  int fd_;
  int port_;
  std::string path_;  // Unix: removed when closed
  OnAccept on_accept_;
};

}  // namespace windlass::net
