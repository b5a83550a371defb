// The sockets clients come in by: one for each bound address, and a Unix one.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "node/base/log.h"
#include "node/base/result.h"
#include "node/config/config.h"
#include "node/net/listener.h"

namespace windlass::server {

class Listeners {
 public:
  Listeners(net::EventLoop* loop, config::Config* config, base::Logger* log, std::function<void(int)> on_accept);

  // Opens what the configuration says. The error has been logged.
  bool Open();
  // The port or addresses changed: the new sockets first, then the old are closed.
  base::Result<void> Reopen();
  void Close();
  bool empty() const { return tcp_.empty() && unix_ == nullptr; }
  bool has_unix() const { return unix_ != nullptr; }

 private:
  using Sockets = std::vector<std::unique_ptr<net::Listener>>;
  bool OpenTcp(Sockets* sockets);

  net::EventLoop* loop_;
  config::Config* config_;
  base::Logger* log_;
  std::function<void(int)> on_accept_;
  Sockets tcp_;
  std::unique_ptr<net::Listener> unix_;
  int64_t port_ = 0;
};

}  // namespace windlass::server
