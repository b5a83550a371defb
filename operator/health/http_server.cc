// See http_server.h.
#include "operator/health/http_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "operator/base/failure.h"

namespace windlass::health {
namespace {

constexpr int kStopLatencyMs = 200;
constexpr int kPeerSeconds = 2;
constexpr size_t kLongestRequest = 8192;

int Listen(int port, int family) {
  const int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return -1;
  const int on = 1, off = 0;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in6 six{};
  sockaddr_in four{};
  six.sin6_family = AF_INET6;
  four.sin_family = AF_INET;
  six.sin6_port = four.sin_port = htons(static_cast<uint16_t>(port));
  if (family == AF_INET6) setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const bool is_six = family == AF_INET6;
  const auto* address = is_six ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&four);
  if (bind(listener, address, is_six ? sizeof six : sizeof four) == 0 && listen(listener, 16) == 0) return listener;
  const int error = errno;
  close(listener);
  errno = error;
  return -1;
}

int PortOf(int listener) {
  sockaddr_in6 address{};
  socklen_t size = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin6_port);  // at the same place in both families
}

const char* Phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 503: return "Service Unavailable";
    default: return "Error";
  }
}

}  // namespace

HttpServer::HttpServer(int port, Handlers handlers) : handlers_(std::move(handlers)) {
  listener_ = Listen(port, AF_INET6);
  if (listener_ < 0) listener_ = Listen(port, AF_INET);
  if (listener_ < 0) throw base::Failure("cannot listen on port " + std::to_string(port) + ": " + std::strerror(errno));
  port_ = PortOf(listener_);
  thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

HttpServer::~HttpServer() {
  thread_.request_stop();
  thread_.join();
  close(listener_);
}

void HttpServer::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, kStopLatencyMs) <= 0) continue;
    const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer < 0) continue;
    Serve(peer);
    close(peer);
  }
}

void HttpServer::Serve(int peer) const {
  const timeval patience{kPeerSeconds, 0};
  setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  std::string request;
  char buffer[2048];
  while (request.find("\r\n\r\n") == std::string::npos && request.size() < kLongestRequest) {
    const ssize_t got = recv(peer, buffer, sizeof buffer, 0);
    if (got <= 0) return;
    request.append(buffer, static_cast<size_t>(got));
  }
  const Answer answer = AnswerTo(request);
  const std::string reply = "HTTP/1.1 " + std::to_string(answer.status) + " " + Phrase(answer.status) +
                            "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: " +
                            std::to_string(answer.body.size()) + "\r\nConnection: close\r\n\r\n" + answer.body;
  for (size_t sent = 0; sent < reply.size();) {
    const ssize_t put = send(peer, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
    if (put <= 0) return;
    sent += static_cast<size_t>(put);
  }
}

Answer HttpServer::AnswerTo(const std::string& request) const {
  const size_t method_end = request.find(' ');
  const size_t target_end = method_end == std::string::npos ? std::string::npos : request.find_first_of(" ?\r", method_end + 1);
  if (target_end == std::string::npos) return {404, ""};
  if (request.compare(0, method_end, "GET") != 0) return {405, "GET only\n"};
  const auto found = handlers_.find(request.substr(method_end + 1, target_end - method_end - 1));
  return found == handlers_.end() ? Answer{404, "not found\n"} : found->second();
}

}  // namespace windlass::health
