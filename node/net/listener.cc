// Listening sockets. See listener.h.
#include "node/net/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace windlass::net {
namespace {

// A burst of connections does not hold up those that are being served.
constexpr int kMaxAcceptsPerEvent = 1000;

base::Error ErrnoError() { return {std::strerror(errno)}; }

}  // namespace

Listener::Listener(EventLoop* loop, int fd, int port, std::string path, OnAccept on_accept)
    : loop_(loop), fd_(fd), port_(port), path_(std::move(path)), on_accept_(std::move(on_accept)) {
  loop_->Watch(fd_, kReadable, this);
}

Listener::~Listener() {
  loop_->Unwatch(fd_);
  close(fd_);
  if (!path_.empty()) unlink(path_.c_str());
}

base::Result<std::unique_ptr<Listener>> Listener::Tcp(EventLoop* loop, const std::string& address, int port,
                                                      int backlog, OnAccept on_accept) {
  const bool v6 = address.find(':') != std::string::npos;
  addrinfo hints{};
  hints.ai_family = v6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const bool any = address.empty() || address == "*" || address == "::*";
  if (address == "::*") hints.ai_family = AF_INET6;
  const int rc =
      getaddrinfo(any ? nullptr : address.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (rc != 0) return base::Error{gai_strerror(rc)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> guard(found, freeaddrinfo);
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoError();
  const int on = 1;
  if (found->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, backlog) != 0) {
    const base::Error error = ErrnoError();
    close(fd);
    return error;
  }
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  if (port == 0 && getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length) == 0) {
    port = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  }
  return std::unique_ptr<Listener>(new Listener(loop, fd, port, "", std::move(on_accept)));
}

base::Result<std::unique_ptr<Listener>> Listener::Unix(EventLoop* loop, const std::string& path, int mode,
                                                       int backlog, OnAccept on_accept) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return base::Error{"socket path too long"};
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoError();
  unlink(path.c_str());  // left over from a process that was killed
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd, backlog) != 0 ||
      (mode != 0 && chmod(path.c_str(), static_cast<mode_t>(mode)) != 0)) {
    const base::Error error = ErrnoError();
    close(fd);
    return error;
  }
  return std::unique_ptr<Listener>(new Listener(loop, fd, 0, path, std::move(on_accept)));
}

void Listener::OnReady(uint32_t events) {
  for (int i = 0; i < kMaxAcceptsPerEvent; ++i) {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    on_accept_(fd);
  }
}

}  // namespace windlass::net
