// Connecting in the background. See Connection::Connect.
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "node/net/connection.h"

namespace windlass::net {
namespace {

base::Error SystemError(const std::string& what) { return {what + ": " + std::strerror(errno)}; }

// Owned by its timer, so by the loop, until the connection stands, fails or times out.
class Connector final : public FdHandler, public std::enable_shared_from_this<Connector> {
 public:
  Connector(EventLoop* loop, int fd, Connection::OnConnected done)
      : loop_(loop), fd_(fd), done_(std::move(done)) {}
  ~Connector() override {
    if (fd_ >= 0) close(fd_);  // the loop has ended
  }

  void Start(int64_t timeout_ms) {
    loop_->Watch(fd_, kWritable, this);
    timer_ = loop_->After(timeout_ms, [self = shared_from_this()] {
      self->timer_ = 0;
      self->Finish(base::Error{"Connection timed out"});
    });
  }

  void OnReady(uint32_t events) override {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    if (error != 0) return Finish(base::Error{std::strerror(error)});
    loop_->Unwatch(fd_);
    auto connection = std::make_unique<Connection>(loop_, std::exchange(fd_, -1));
    connection->SetNoDelay(true);
    Finish(std::move(connection));
  }

 private:
  void Finish(base::Result<std::unique_ptr<Connection>> result) {
    // The timer lets go of this, which the loop may be calling.
    loop_->DeleteLater(std::make_unique<std::shared_ptr<Connector>>(shared_from_this()));
    if (timer_ != 0) loop_->Cancel(timer_);
    if (fd_ >= 0) {
      loop_->Unwatch(fd_);
      close(fd_);
      fd_ = -1;
    }
    const Connection::OnConnected done = std::move(done_);
    done(std::move(result));
  }

  EventLoop* loop_;
  int fd_;
  TimerId timer_ = 0;
  Connection::OnConnected done_;
};

base::Result<int> StartUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return base::Error{"Unix socket path too long"};
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return SystemError("socket");
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 && errno != EAGAIN) {
    const base::Error error = SystemError("connect");
    close(fd);
    return error;
  }
  return fd;
}

bool BindTo(int fd, int family, const std::string& ip) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (getaddrinfo(ip.c_str(), nullptr, &hints, &found) != 0) return false;
  const bool ok = bind(fd, found->ai_addr, found->ai_addrlen) == 0;
  freeaddrinfo(found);
  return ok;
}

base::Result<int> StartTcp(const ConnectOptions& options) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int rc = getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &hints, &found);
  if (rc != 0) return base::Error{gai_strerror(rc)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> guard(found, freeaddrinfo);
  base::Error last{"no address"};
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    const int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      last = SystemError("socket");
      continue;
    }
    if (!options.bind_ip.empty() && options.bind_ip != "*" && !BindTo(fd, a->ai_family, options.bind_ip)) {
      last = SystemError("bind " + options.bind_ip);
      close(fd);
      continue;
    }
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS) return fd;
    last = SystemError("connect");
    close(fd);
  }
  return last;
}

}  // namespace

void Connection::Connect(EventLoop* loop, const ConnectOptions& options, OnConnected done) {
  base::Result<int> fd = options.port == 0 ? StartUnix(options.host) : StartTcp(options);
  if (!fd) {
    loop->Post([done = std::move(done), message = fd.error()] { done(base::Error{message}); });
    return;
  }
  std::make_shared<Connector>(loop, *fd, std::move(done))->Start(options.timeout_ms);
}

}  // namespace windlass::net
