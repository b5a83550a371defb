#include "operator/local/pod_runner/probe.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace windlass::pod_runner {

namespace {

constexpr std::chrono::milliseconds kEagerPeriod{250};

int ConnectWithin(const std::string& ip, int port, std::chrono::milliseconds timeout) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  pollfd waiting{fd, POLLOUT, 0};
  int error = 0;
  socklen_t size = sizeof(error);
  const bool ready = poll(&waiting, 1, static_cast<int>(timeout.count())) == 1 &&
                     getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  if (ready) return fd;
  close(fd);
  return -1;
}

}  // namespace

ProbeSettings ParseProbeSettings(const nlohmann::json& probe) {
  ProbeSettings s;
  s.initial_delay = std::chrono::seconds(probe.value("initialDelaySeconds", 0));
  s.period = std::chrono::seconds(std::max(1, probe.value("periodSeconds", 10)));
  s.timeout = std::chrono::seconds(std::max(1, probe.value("timeoutSeconds", 1)));
  s.success_threshold = std::max(1, probe.value("successThreshold", 1));
  s.failure_threshold = std::max(1, probe.value("failureThreshold", 3));
  return s;
}

bool CheckTcp(const std::string& ip, int port, std::chrono::milliseconds timeout) {
  const int fd = ConnectWithin(ip, port, timeout);
  if (fd < 0) return false;
  close(fd);
  return true;
}

bool CheckHttp(const std::string& ip, int port, const std::string& path, std::chrono::milliseconds timeout) {
  const int fd = ConnectWithin(ip, port, timeout);
  if (fd < 0) return false;
  const std::string request = "GET " + path + " HTTP/1.0\r\nHost: " + ip + "\r\n\r\n";
  std::string reply;
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    pollfd waiting{fd, POLLIN, 0};
    char chunk[64];
    while (reply.size() < 12 && poll(&waiting, 1, static_cast<int>(timeout.count())) == 1) {
      const ssize_t got = recv(fd, chunk, sizeof(chunk), 0);
      if (got <= 0) break;
      reply.append(chunk, static_cast<size_t>(got));
    }
  }
  close(fd);
  // HTTP/1.x 2xx or 3xx.
  return reply.size() >= 12 && (reply[9] == '2' || reply[9] == '3');
}

Probe::Probe(ProbeSettings settings, ProbeCheck check, bool initially_passing)
    : settings_(settings), check_(std::move(check)), next_(Clock::now() + settings.initial_delay),
      passing_(initially_passing) {}

Probe::~Probe() {
  if (running_.valid()) running_.wait();
}

void Probe::Tick(Clock::time_point now) {
  if (running_.valid()) {
    if (running_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
    Record(running_.get());
    next_ = now + (ever_passed_ ? settings_.period : std::min(settings_.period, kEagerPeriod));
    return;
  }
  if (now >= next_) running_ = std::async(std::launch::async, check_, settings_.timeout);
}

void Probe::Record(bool success) {
  failed_ = false;
  if (success) {
    failures_ = 0;
    ever_passed_ = true;
    if (++successes_ >= settings_.success_threshold) passing_ = true;
    return;
  }
  successes_ = 0;
  // Eager tries before the first success do not use up the threshold's time.
  const int eagerness = ever_passed_ ? 1 : static_cast<int>(settings_.period / std::min(settings_.period, kEagerPeriod));
  if (++failures_ < settings_.failure_threshold * eagerness) return;
  failures_ = 0;
  failed_ = true;
  passing_ = false;
}

}  // namespace windlass::pod_runner
