// Where a host name leads, and a socket on its way there without waiting.
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "operator/topology/report.h"

namespace windlass::redis {

struct SocketTarget {
  sockaddr_storage address;
  socklen_t size;
};

// May ask the resolver, unless the host is an address. Throws base::Failure.
std::vector<SocketTarget> Resolve(const topology::Address& address);

// A socket that does not block: connected, or (errno EINPROGRESS) on its way; -1, with
// errno, if that cannot be.
int StartConnecting(const SocketTarget& target);

}  // namespace windlass::redis
