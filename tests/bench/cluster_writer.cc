// SETs to a range of slots at a rate, each due at its own time whatever the servers
// do, following MOVED. Waits are counted from the time a
// write was due.
//
//   bench_cluster_writer PORT WRITES_A_SECOND FIRST_SLOT LAST_SLOT
//
// 0 a second: as many as the servers take. A line on stdin prints what has been since
// the last one: due, done, errors, the longest wait and the 99th percentile in us. The
// end of stdin ends it.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "node/slot/slot.h"
#include "tests/bench/loopback.h"

namespace {

using windlass::slot::KeySlot;

constexpr size_t kKeys = 4000;
constexpr size_t kValueBytes = 64;
constexpr size_t kMostInFlight = 20000;
constexpr size_t kInFlightUnpaced = 64;

int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Write {
  size_t key;
  int64_t due_us;
};

struct Server {
  int fd = -1;
  std::string out;
  std::string in;
  std::deque<Write> waiting;  // for replies, in order
};

struct Counts {
  uint64_t due = 0;
  uint64_t done = 0;
  uint64_t errors = 0;
  std::vector<uint32_t> waits_us;
};

class Writer {
 public:
  Writer(int port, int64_t rate, int first, int last) : rate_(rate), owner_(windlass::slot::kSlotCount, port) {
    for (int number = 0; keys_.size() < kKeys; ++number) {
      std::string key = "w" + std::to_string(number);
      const int slot = KeySlot(key);
      if (slot < first || slot > last) continue;
      requests_.push_back("*3\r\n$3\r\nSET\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n$" + std::to_string(kValueBytes) +
                          "\r\n" + std::string(kValueBytes, 'v') + "\r\n");
      keys_.push_back(slot);
    }
  }

  void Run() {
    const int64_t began_us = NowUs();
    uint64_t made = 0;
    while (!ended_) {
      const int64_t now_us = NowUs();
      const uint64_t wanted = rate_ == 0 ? made + kMostInFlight : static_cast<uint64_t>((now_us - began_us) * rate_ / 1000000);
      const size_t most = rate_ == 0 ? kInFlightUnpaced : kMostInFlight;
      for (; made < wanted && in_flight_ < most; ++made) {
        const int64_t due_us = rate_ == 0 ? now_us : began_us + static_cast<int64_t>(made) * 1000000 / rate_;
        ++counts_.due;
        Send({made % keys_.size(), due_us});
      }
      Exchange();
    }
  }

 private:
  Server& ServerAt(int port) {
    Server& server = servers_[port];
    if (server.fd >= 0) return server;
    server.fd = windlass::bench::ConnectToLoopback(port);
    return server;
  }

  void Send(Write write) {
    Server& server = ServerAt(owner_[static_cast<size_t>(keys_[write.key])]);
    server.out += requests_[write.key];
    server.waiting.push_back(write);
    ++in_flight_;
  }

  void Exchange() {
    std::vector<pollfd> polled{{STDIN_FILENO, POLLIN, 0}};
    std::vector<int> ports;
    for (auto& [port, server] : servers_) {
      polled.push_back({server.fd, static_cast<short>(POLLIN | (server.out.empty() ? 0 : POLLOUT)), 0});
      ports.push_back(port);
    }
    if (poll(polled.data(), polled.size(), 1) <= 0) return;
    for (size_t i = 0; i < ports.size(); ++i) {
      Server& server = servers_[ports[i]];
      if (polled[i + 1].revents & POLLOUT) {
        const ssize_t sent = send(server.fd, server.out.data(), server.out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) server.out.erase(0, static_cast<size_t>(sent));
      }
      if (polled[i + 1].revents & (POLLIN | POLLHUP | POLLERR)) Read(&server);
    }
    if (polled[0].revents & (POLLIN | POLLHUP)) Report();
  }

  void Read(Server* server) {
    char bytes[1 << 16];
    const ssize_t got = recv(server->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got <= 0) {
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      std::fputs("a server closed the connection\n", stderr);
      std::exit(1);
    }
    server->in.append(bytes, static_cast<size_t>(got));
    size_t at = 0;
    const int64_t now_us = NowUs();
    for (size_t end; (end = server->in.find("\r\n", at)) != std::string::npos; at = end + 2) {
      const Write write = server->waiting.front();
      server->waiting.pop_front();
      --in_flight_;
      Take(server->in.substr(at, end - at), write, now_us);
    }
    server->in.erase(0, at);
  }

  void Take(const std::string& reply, Write write, int64_t now_us) {
    if (reply == "+OK") {
      ++counts_.done;
      counts_.waits_us.push_back(static_cast<uint32_t>(std::min<int64_t>(now_us - write.due_us, UINT32_MAX)));
    } else if (reply.compare(0, 7, "-MOVED ") == 0) {
      owner_[static_cast<size_t>(keys_[write.key])] = std::atoi(reply.c_str() + reply.rfind(':') + 1);
      Send(write);
    } else if (counts_.errors++ == 0) {
      std::fprintf(stderr, "%s\n", reply.c_str());
    }
  }

  void Report() {
    char line[256];
    if (read(STDIN_FILENO, line, sizeof line) <= 0) {
      ended_ = true;
      return;
    }
    std::sort(counts_.waits_us.begin(), counts_.waits_us.end());
    const size_t count = counts_.waits_us.size();
    const uint32_t longest = count == 0 ? 0 : counts_.waits_us.back();
    const uint32_t p99 = count == 0 ? 0 : counts_.waits_us[count * 99 / 100];
    std::printf("%llu %llu %llu %u %u\n", static_cast<unsigned long long>(counts_.due), static_cast<unsigned long long>(counts_.done),
                static_cast<unsigned long long>(counts_.errors), longest, p99);
    std::fflush(stdout);
    counts_ = Counts{};
  }

  const int64_t rate_;
  std::vector<int> owner_;  // port, by slot
  std::vector<int> keys_;   // slot of each
  std::vector<std::string> requests_;
  std::map<int, Server> servers_;
  size_t in_flight_ = 0;
  Counts counts_;
  bool ended_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: bench_cluster_writer PORT WRITES_A_SECOND FIRST_SLOT LAST_SLOT\n", stderr);
    return 2;
  }
  Writer(std::atoi(argv[1]), std::atoll(argv[2]), std::atoi(argv[3]), std::atoi(argv[4])).Run();
}
