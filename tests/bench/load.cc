// A load generator that costs little: one thread, blocking in epoll, requests of
// one fixed length prepared before the clock starts, replies counted by length.
//
//   load PORT CONNECTIONS PIPELINE SECONDS get|set KEYS VALUE_BYTES
//
// Prints one line: requests completed and seconds taken. Before GET it sets every
// key. Exits with 1 if a reply is an error or has another length than it must.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct Connection {
  int fd = -1;
  size_t reply_bytes = 0;  // of the batch in flight, received so far
};

double Now() {
  timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return static_cast<double>(ts.tv_sec) + static_cast<double>(ts.tv_nsec) / 1e9;
}

void WriteAll(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t n = write(fd, data, size);
    if (n <= 0) {
      std::perror("load: write");
      std::exit(1);
    }
    data += n;
    size -= static_cast<size_t>(n);
  }
}

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::perror("load: connect");
    std::exit(1);
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

std::string Request(bool set, int key, int value_bytes) {
  char name[32];
  std::snprintf(name, sizeof name, "key:%012d", key);
  std::string request = set ? "*3\r\n$3\r\nSET\r\n$16\r\n" : "*2\r\n$3\r\nGET\r\n$16\r\n";
  request += std::string(name) + "\r\n";
  if (set) {
    request += "$" + std::to_string(value_bytes) + "\r\n" + std::string(static_cast<size_t>(value_bytes), 'x') + "\r\n";
  }
  return request;
}

size_t ReplyBytes(bool set, int value_bytes) {
  if (set) return 5;
  return std::to_string(value_bytes).size() + 5 + static_cast<size_t>(value_bytes);
}

// Batches of `pipeline` requests over random keys, enough of them to hide order.
std::vector<std::string> MakeBatches(bool set, int pipeline, int keys, int value_bytes) {
  std::vector<std::string> batches(static_cast<size_t>(std::max(64, 4096 / pipeline)));
  unsigned seed = 12345;
  for (std::string& batch : batches) {
    for (int i = 0; i < pipeline; ++i) {
      seed = seed * 1664525u + 1013904223u;
      batch += Request(set, static_cast<int>((seed >> 8) % static_cast<unsigned>(keys)), value_bytes);
    }
  }
  return batches;
}

void Fill(int port, int keys, int value_bytes) {
  const int fd = Connect(port);
  char buffer[1 << 16];
  for (int begin = 0; begin < keys; begin += 500) {
    std::string batch;
    const int end = std::min(begin + 500, keys);
    for (int k = begin; k < end; ++k) batch += Request(true, k, value_bytes);
    WriteAll(fd, batch.data(), batch.size());
    size_t wanted = static_cast<size_t>(end - begin) * 5;
    while (wanted > 0) {
      const ssize_t n = read(fd, buffer, std::min(sizeof buffer, wanted));
      if (n <= 0 || buffer[0] == '-') std::exit(1);
      wanted -= static_cast<size_t>(n);
    }
  }
  close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    std::fprintf(stderr, "usage: load PORT CONNECTIONS PIPELINE SECONDS get|set KEYS VALUE_BYTES\n");
    return 2;
  }
  const int port = std::atoi(argv[1]);
  const int pipeline = std::atoi(argv[3]);
  const double seconds = std::atof(argv[4]);
  const bool set = std::strcmp(argv[5], "set") == 0;
  const int keys = std::atoi(argv[6]);
  const int value_bytes = std::atoi(argv[7]);
  if (!set && keys > 0 && std::getenv("LOAD_NO_FILL") == nullptr) Fill(port, keys, value_bytes);
  const std::vector<std::string> batches = MakeBatches(set, pipeline, keys, value_bytes);
  const size_t batch_reply = ReplyBytes(set, value_bytes) * static_cast<size_t>(pipeline);

  const int loop = epoll_create1(0);
  std::vector<Connection> connections(static_cast<size_t>(std::atoi(argv[2])));
  for (size_t i = 0; i < connections.size(); ++i) {
    connections[i].fd = Connect(port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(loop, EPOLL_CTL_ADD, connections[i].fd, &event);
  }
  size_t next = 0;
  const double begin = Now();
  for (Connection& connection : connections) {
    const std::string& batch = batches[next++ % batches.size()];
    WriteAll(connection.fd, batch.data(), batch.size());
  }
  static char buffer[1 << 17];
  unsigned long long completed = 0;
  double now = begin;
  epoll_event ready[256];
  while (now - begin < seconds) {
    const int count = epoll_wait(loop, ready, 256, 1000);
    for (int i = 0; i < count; ++i) {
      Connection& connection = connections[ready[i].data.u64];
      const ssize_t n = read(connection.fd, buffer, sizeof buffer);
      if (n <= 0 || (connection.reply_bytes == 0 && buffer[0] == '-')) {
        std::fprintf(stderr, "load: bad reply\n");
        return 1;
      }
      connection.reply_bytes += static_cast<size_t>(n);
      if (connection.reply_bytes > batch_reply) {
        std::fprintf(stderr, "load: reply of another length\n");
        return 1;
      }
      if (connection.reply_bytes < batch_reply) continue;
      connection.reply_bytes = 0;
      completed += static_cast<unsigned long long>(pipeline);
      const std::string& batch = batches[next++ % batches.size()];
      WriteAll(connection.fd, batch.data(), batch.size());
    }
    now = Now();
  }
  std::printf("%llu %.6f\n", completed, now - begin);
  return 0;
}
