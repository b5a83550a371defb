// See listeners.h.
#include "node/server/listeners.h"

#include <string>
#include <utility>

namespace windlass::server {

Listeners::Listeners(net::EventLoop* loop, config::Config* config, base::Logger* log,
                     std::function<void(int)> on_accept)
    : loop_(loop), config_(config), log_(log), on_accept_(std::move(on_accept)) {}

bool Listeners::OpenTcp(Sockets* sockets) {
  const int port = static_cast<int>(config_->Int("port"));
  const int backlog = static_cast<int>(config_->Int("tcp-backlog"));
  for (const std::string& word : config_->List("bind")) {
    // A leading minus: this address may be missing on the machine.
    const bool optional = !word.empty() && word[0] == '-';
    const std::string address = optional ? word.substr(1) : word;
    auto listener = net::Listener::Tcp(loop_, address, port, backlog, on_accept_);
    if (listener) {
      sockets->push_back(std::move(*listener));
      continue;
    }
    const std::string& why = listener.error();
    log_->Warning("Warning: Could not create server TCP listening socket " + address + ":" + std::to_string(port) +
                  ": bind: " + why);
    const bool missing = why == "Cannot assign requested address" || why == "Address family not supported by protocol";
    if (!(optional && missing)) return false;
  }
  return true;
}

bool Listeners::Open() {
  if (config_->Int("tls-port") != 0 && config_->Text("tls-cert-file").empty()) {
    log_->Warning("No tls-cert-file configured!");
    log_->Warning("Failed to configure TLS. Check logs for more info.");
    return false;
  }
  port_ = config_->Int("port");
  if (port_ != 0 && (!OpenTcp(&tcp_) || tcp_.empty())) {
    log_->Logf(base::LogLevel::kWarning, "Failed listening on port %d (tcp), aborting.", static_cast<int>(port_));
    return false;
  }
  const std::string& path = config_->Text("unixsocket");
  if (!path.empty()) {
    auto listener = net::Listener::Unix(loop_, path, static_cast<int>(config_->Int("unixsocketperm")),
                                        static_cast<int>(config_->Int("tcp-backlog")), on_accept_);
    if (!listener) {
      log_->Warning("Failed opening Unix socket: bind: " + listener.error());
      return false;
    }
    unix_ = std::move(*listener);
  }
  if (empty() && config_->Int("tls-port") == 0) {
    log_->Warning("Configured to not listen anywhere, exiting.");
    return false;
  }
  return true;
}

base::Result<void> Listeners::Reopen() {
  Sockets old = std::move(tcp_);
  tcp_.clear();
  // The same port cannot be bound twice: the old sockets go first then.
  const bool same_port = port_ == config_->Int("port");
  if (same_port) old.clear();
  Sockets fresh;
  if (config_->Int("port") != 0 && !OpenTcp(&fresh)) {
    if (!same_port) tcp_ = std::move(old);
    return base::Error{same_port ? "Failed to bind to specified addresses."
                                 : "Unable to listen on this port. Check server logs."};
  }
  tcp_ = std::move(fresh);
  port_ = config_->Int("port");
  return {};
}

void Listeners::Close() {
  tcp_.clear();
  unix_.reset();
}

}  // namespace windlass::server
