// Requests at a fixed rate, and how long each took from the instant it was due: a server
// that stands still for 50 ms is seen by all that was due meanwhile, not by one.
//
//   paced_load PORT RATE SECONDS KEYS VALUE_BYTES CONNECTIONS [wait]
//
// SET PREFIX<n> of a random n below KEYS (the keys of DEBUG POPULATE). With `wait` each
// SET is followed by WAIT 1 1000 and its reply counts when that has come. Prints one line
// of JSON: rate reached, and percentiles in milliseconds.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "tests/bench/loopback.h"

namespace {

struct Connection {
  int fd = -1;
  std::deque<double> due;  // of requests whose reply is still to come
  std::string output;
  int lines = 0;           // of the reply that is coming
};

double Now() {
  timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return static_cast<double>(ts.tv_sec) + static_cast<double>(ts.tv_nsec) / 1e9;
}

int Connect(int port) {
  const int fd = windlass::bench::ConnectToLoopback(port);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

void Flush(Connection& connection) {
  while (!connection.output.empty()) {
    const ssize_t n = send(connection.fd, connection.output.data(), connection.output.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    connection.output.erase(0, static_cast<size_t>(n));
  }
}

// One reply is one line, or two with `wait`.
void Read(Connection& connection, int lines_a_reply, std::vector<float>* latencies) {
  char chunk[65536];
  for (;;) {
    const ssize_t n = recv(connection.fd, chunk, sizeof chunk, 0);
    if (n == 0) {
      std::fprintf(stderr, "paced_load: the server closed a connection\n");
      std::exit(1);
    }
    if (n < 0) return;
    const double now = Now();
    for (ssize_t i = 0; i < n; ++i) {
      if (chunk[i] == '-' && (i == 0 || chunk[i - 1] == '\n')) {
        std::fprintf(stderr, "paced_load: %.*s\n", static_cast<int>(std::min<ssize_t>(n - i, 80)), chunk + i);
        std::exit(1);
      }
      if (chunk[i] != '\n' || ++connection.lines < lines_a_reply) continue;
      connection.lines = 0;
      latencies->push_back(static_cast<float>((now - connection.due.front()) * 1000));
      connection.due.pop_front();
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) {
    std::fprintf(stderr, "usage: paced_load PORT RATE SECONDS KEYS VALUE_BYTES CONNECTIONS [wait]\n");
    return 2;
  }
  const int port = std::atoi(argv[1]);
  const double rate = std::atof(argv[2]);
  const double seconds = std::atof(argv[3]);
  const long keys = std::atol(argv[4]);
  const std::string value(static_cast<size_t>(std::atoi(argv[5])), 'v');
  std::vector<Connection> connections(static_cast<size_t>(std::atoi(argv[6])));
  const bool wait = argc > 7;
  std::vector<pollfd> polls;
  for (Connection& connection : connections) {
    connection.fd = Connect(port);
    polls.push_back({connection.fd, POLLIN, 0});
  }
  std::vector<float> latencies;
  const double start = Now();
  long sent = 0;
  unsigned long random = 12345;
  while (Now() - start < seconds) {
    const double now = Now();
    while (static_cast<double>(sent) < (now - start) * rate) {
      Connection& connection = connections[static_cast<size_t>(sent) % connections.size()];
      random = random * 6364136223846793005ul + 1442695040888963407ul;
      const std::string key = "key:" + std::to_string((random >> 33) % static_cast<unsigned long>(keys));
      connection.output += "*3\r\n$3\r\nSET\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n$" +
                           std::to_string(value.size()) + "\r\n" + value + "\r\n";
      if (wait) connection.output += "*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$4\r\n1000\r\n";
      connection.due.push_back(start + static_cast<double>(sent) / rate);
      ++sent;
    }
    for (size_t i = 0; i < connections.size(); ++i) {
      Flush(connections[i]);
      polls[i].events = static_cast<short>(connections[i].output.empty() ? POLLIN : POLLIN | POLLOUT);
    }
    const timespec tick{0, 200000};
    ppoll(polls.data(), polls.size(), &tick, nullptr);
    for (Connection& connection : connections) Read(connection, wait ? 2 : 1, &latencies);
  }
  const double took = Now() - start;
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&latencies](double part) {
    return latencies.empty() ? 0.0f : latencies[std::min(latencies.size() - 1, static_cast<size_t>(part * static_cast<double>(latencies.size())))];
  };
  std::printf("{\"rate\": %.0f, \"p50\": %.3f, \"p99\": %.3f, \"p999\": %.3f, \"max\": %.3f}\n",
              static_cast<double>(latencies.size()) / took, at(0.5), at(0.99), at(0.999), at(1.0));
  return 0;
}
