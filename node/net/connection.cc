// Reading, writing and closing of a connection. See connection.h.
#include "node/net/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace windlass::net {
namespace {

// Output buffers keep this much when they are empty; a large reply does not pin
// memory for the life of an idle connection.
constexpr size_t kKeptOutputBytes = 64 * 1024;
constexpr size_t kKeptInputBytes = 32 * 1024;
// One connection does not hold up the others with its backlog of output.
constexpr size_t kMaxWritePerTurn = 1024 * 1024;

std::string AddressText(const sockaddr_storage& address, int* port) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    *port = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    *port = ntohs(v6.sin6_port);
  } else if (address.ss_family == AF_UNIX) {
    *port = 0;
    return reinterpret_cast<const sockaddr_un&>(address).sun_path;
  }
  return text;
}

std::string JoinAddress(const std::string& ip, int port) {
  if (ip.find(':') != std::string::npos) return "[" + ip + "]:" + std::to_string(port);
  return ip + ":" + std::to_string(port);
}

}  // namespace

Connection::Connection(EventLoop* loop, int fd) : loop_(loop), fd_(fd) { LearnAddresses(); }

Connection::~Connection() {
  handler_ = nullptr;
  if (fd_ >= 0) Close();
  if (flush_queued_) loop_->ForgetFlush(this);
}

void Connection::LearnAddresses() {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    is_unix_ = address.ss_family == AF_UNIX;
    local_ip_ = AddressText(address, &local_port_);
  }
  if (is_unix_) {
    peer_ip_ = local_ip_;
    return;
  }
  length = sizeof address;
  if (getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    peer_ip_ = AddressText(address, &peer_port_);
  }
}

std::string Connection::peer() const { return JoinAddress(peer_ip_, peer_port_); }
std::string Connection::local() const { return JoinAddress(local_ip_, local_port_); }

void Connection::SetKeepAlive(int interval_s) {
  if (is_unix_ || fd_ < 0) return;
  const int on = interval_s > 0 ? 1 : 0;
  setsockopt(fd_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (on == 0) return;
  const int probe_s = std::max(1, interval_s / 3);
  const int probes = 3;
  setsockopt(fd_, IPPROTO_TCP, TCP_KEEPIDLE, &interval_s, sizeof interval_s);
  setsockopt(fd_, IPPROTO_TCP, TCP_KEEPINTVL, &probe_s, sizeof probe_s);
  setsockopt(fd_, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

void Connection::SetNoDelay(bool on) {
  if (is_unix_ || fd_ < 0) return;
  const int value = on ? 1 : 0;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value);
}

void Connection::SetHandler(ByteHandler* handler) {
  handler_ = handler;
  if (fd_ >= 0) UpdateWatch();
}

void Connection::UpdateWatch() {
  const uint32_t events = (reading_ ? kReadable : 0) | (want_write_ ? kWritable : 0);
  if (!watched_) {
    loop_->Watch(fd_, events, this);
    watched_ = true;
  } else {
    loop_->Modify(fd_, events);
  }
}

void Connection::PauseReading() {
  reading_ = false;
  if (fd_ >= 0) UpdateWatch();
}

void Connection::ResumeReading() {
  reading_ = true;
  if (fd_ >= 0) UpdateWatch();
}

void Connection::QueueFlush() {
  if (fd_ < 0) return;
  flush_queued_ = true;
  loop_->FlushLater(this);
}

void Connection::Write(std::string_view bytes) {
  if (fd_ < 0) return;
  output_.append(bytes.data(), bytes.size());
  OutputChanged();
}

// A length is the peer's word: beyond this much the inbox grows with what comes.
void Connection::ReserveInput(size_t bytes) {
  constexpr size_t kMostReserved = size_t{1} << 30;
  bytes = std::min(bytes, kMostReserved);
  if (bytes > inbox_.capacity()) inbox_.reserve(bytes);
}

void Connection::OnReady(uint32_t events) {
  if ((events & kWritable) != 0 && want_write_) Flush();
  if ((events & kReadable) != 0 && fd_ >= 0) {
    // A hang-up while reading is paused must not spin: it is noticed here.
    if (!reading_) {
      char probe;
      const ssize_t n = recv(fd_, &probe, 1, MSG_PEEK | MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) Close("connection closed by peer");
      return;
    }
    ReadSome();
  }
}

void Connection::ReadSome() {
  char* buffer = loop_->read_buffer();
  const ssize_t n = recv(fd_, buffer, EventLoop::kReadBufferBytes, 0);
  if (n > 0) {
    bytes_in_ += static_cast<uint64_t>(n);
    Deliver(std::string_view(buffer, static_cast<size_t>(n)));
    return;
  }
  if (n == 0) return Close("connection closed by peer");
  if (errno == EAGAIN || errno == EINTR) return;
  Close(std::strerror(errno));
}

// The common case copies nothing: a whole pipeline arrives in one read, is used
// up where it stands, and the inbox stays empty.
void Connection::Deliver(std::string_view fresh) {
  if (handler_ == nullptr) {
    inbox_.append(fresh.data(), fresh.size());
    return;
  }
  if (inbox_.empty()) {
    delivering_ = true;
    const size_t used = handler_->OnBytes(*this, fresh);
    delivering_ = false;
    if (fd_ >= 0 && used < fresh.size()) inbox_.append(fresh.data() + used, fresh.size() - used);
    return;
  }
  inbox_.append(fresh.data(), fresh.size());
  ResumeParsing();
}

void Connection::ResumeParsing() {
  if (delivering_ || handler_ == nullptr || fd_ < 0 || inbox_.empty()) return;
  delivering_ = true;
  const size_t used = handler_->OnBytes(*this, inbox_);
  delivering_ = false;
  if (used >= inbox_.size()) {
    inbox_.clear();
    if (inbox_.capacity() > kKeptInputBytes) std::string().swap(inbox_);
  } else if (used > 0) {
    inbox_.erase(0, used);
  }
}

void Connection::Flush() {
  flush_queued_ = false;
  if (fd_ < 0) return;
  size_t budget = kMaxWritePerTurn;
  bool blocked = false;
  while (true) {
    size_t sendable = pending_output();
    if (hold_from_ != kNoHold) {
      const uint64_t allowed = hold_from_ > sent_total_ ? hold_from_ - sent_total_ : 0;
      sendable = static_cast<size_t>(std::min<uint64_t>(sendable, allowed));
    }
    if (sendable == 0) break;
    if (budget == 0) {
      blocked = true;
      break;
    }
    const size_t size = std::min(sendable, budget);
    const ssize_t n = send(fd_, output_.data() + output_begin_, size, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        blocked = true;
        break;
      }
      if (!reads_to_the_end_ || !reading_) return Close(std::strerror(errno));
      output_begin_ = 0;  // nobody will read it
      output_.clear();
      break;
    }
    loop_->CountWrite();
    output_begin_ += static_cast<size_t>(n);
    sent_total_ += static_cast<uint64_t>(n);
    budget -= static_cast<size_t>(n);
    if (static_cast<size_t>(n) < size) {
      blocked = true;
      break;
    }
  }
  if (output_begin_ == output_.size()) {
    output_begin_ = 0;
    output_.clear();
    if (output_.capacity() > kKeptOutputBytes) std::string().swap(output_);
    if (close_after_flush_) return Close("closed by this side");
  } else if (output_begin_ > output_.size() / 2) {
    output_.erase(0, output_begin_);
    output_begin_ = 0;
  }
  const bool waited = want_write_;
  if (blocked != want_write_) {
    want_write_ = blocked;
    UpdateWatch();
  }
  if (waited && !blocked && handler_ != nullptr) handler_->OnWritable(*this);
}

void Connection::Close(std::string_view reason) {
  if (fd_ < 0) return;
  if (watched_) loop_->Unwatch(fd_);
  watched_ = false;
  close(fd_);
  fd_ = -1;
  if (ByteHandler* handler = handler_) {
    handler_ = nullptr;
    handler->OnClosed(*this, reason);
  }
}

int Connection::Detach(std::string* unconsumed) {
  if (fd_ < 0) return -1;
  if (watched_) loop_->Unwatch(fd_);
  watched_ = false;
  handler_ = nullptr;
  if (unconsumed != nullptr) *unconsumed = std::move(inbox_);
  inbox_.clear();
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

bool Connection::ReplaceOutput(uint64_t stream_position, size_t bytes, std::string_view text) {
  if (stream_position < sent_total_ || stream_position + bytes > stream_end()) return false;
  output_.replace(output_begin_ + static_cast<size_t>(stream_position - sent_total_), bytes, text);
  return true;
}

void Connection::CloseAfterFlush() {
  if (fd_ < 0) return;
  close_after_flush_ = true;
  reading_ = false;
  UpdateWatch();
  OutputChanged();
}

}  // namespace windlass::net
