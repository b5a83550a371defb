// See socket_target.h.
#include "operator/redis/socket_target.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "operator/base/failure.h"

namespace windlass::redis {

std::vector<SocketTarget> Resolve(const topology::Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  if (const int error = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found); error != 0) {
    throw base::Failure(std::string("could not resolve the host: ") + gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, &freeaddrinfo);
  std::vector<SocketTarget> targets;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    SocketTarget target{};
    std::memcpy(&target.address, one->ai_addr, one->ai_addrlen);
    target.size = one->ai_addrlen;
    targets.push_back(target);
  }
  return targets;
}

int StartConnecting(const SocketTarget& target) {
  const int fd = socket(target.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  errno = 0;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&target.address), target.size) == 0 || errno == EINPROGRESS) return fd;
  const int failure = errno;
  close(fd);
  errno = failure;
  return -1;
}

}  // namespace windlass::redis
