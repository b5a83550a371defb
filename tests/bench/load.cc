// A load generator that costs little: one thread, blocking in epoll, requests
// prepared by somebody else, replies counted by their lines.
//
//   load port=P requests=N request_bytes=B [connections=1] [pipeline=1] [lines=1] [first=0] FILE
//
// FILE holds requests of B bytes each, one behind the other. N of them are sent
// from number `first` on, from the beginning again when the file ends, `pipeline`
// at a time on each connection. A reply is known by its line ends: `lines` of them.
// Prints requests completed and seconds taken; exits with 1 if a batch is answered
// by an error or by more than it must be.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/loopback.h"

namespace {

struct Options {
  int port = 0;
  size_t connections = 1;
  size_t pipeline = 1;
  size_t requests = 0;
  size_t request_bytes = 0;
  size_t lines = 1;
  size_t first = 0;
  const char* file = nullptr;
};

struct Connection {
  int fd = -1;
  size_t in_flight = 0;  // requests of the batch not answered yet, whole
  size_t lines = 0;      // of the batch in flight, received so far
};

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "load: %s\n", what);
  std::exit(1);
}

double Now() {
  timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return static_cast<double>(ts.tv_sec) + static_cast<double>(ts.tv_nsec) / 1e9;
}

Options Parse(int argc, char** argv) {
  Options options;
  std::map<std::string, size_t> numbers;
  for (int i = 1; i < argc; ++i) {
    const char* equals = std::strchr(argv[i], '=');
    if (equals == nullptr) {
      options.file = argv[i];
    } else {
      numbers[std::string(argv[i], static_cast<size_t>(equals - argv[i]))] = std::strtoull(equals + 1, nullptr, 10);
    }
  }
  const auto take = [&numbers](const char* name, size_t otherwise) {
    const auto it = numbers.find(name);
    return it == numbers.end() ? otherwise : it->second;
  };
  options.port = static_cast<int>(take("port", 0));
  options.connections = take("connections", 1);
  options.pipeline = take("pipeline", 1);
  options.requests = take("requests", 0);
  options.request_bytes = take("request_bytes", 0);
  options.lines = take("lines", 1);
  options.first = take("first", 0);
  if (options.file == nullptr || options.port == 0 || options.request_bytes == 0 || options.pipeline == 0) {
    Fail("port, requests, request_bytes and a file are needed");
  }
  return options;
}

std::string_view Map(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (fd < 0 || fstat(fd, &status) != 0 || status.st_size == 0) Fail("no requests");
  const size_t size = static_cast<size_t>(status.st_size);
  void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (memory == MAP_FAILED) Fail("the file of requests cannot be mapped");
  close(fd);
  return {static_cast<const char*>(memory), size};
}

// Gives out what is to be sent, batch by batch.
class Requests {
 public:
  Requests(const Options& options, std::string_view bytes)
      : bytes_(bytes),
        request_bytes_(options.request_bytes),
        in_file_(bytes.size() / options.request_bytes),
        next_(options.first % in_file_),
        left_(options.requests) {}

  // At most `most` requests that stand side by side in the file.
  std::string_view Take(size_t most) {
    const size_t count = std::min({most, left_, in_file_ - next_});
    const std::string_view batch = bytes_.substr(next_ * request_bytes_, count * request_bytes_);
    next_ = (next_ + count) % in_file_;
    left_ -= count;
    return batch;
  }

 private:
  const std::string_view bytes_;
  const size_t request_bytes_;
  const size_t in_file_;
  size_t next_;
  size_t left_;
};

// False: nothing is left to send.
bool SendBatch(Connection& connection, Requests& requests, const Options& options) {
  std::string_view batch = requests.Take(options.pipeline);
  connection.in_flight = batch.size() / options.request_bytes;
  connection.lines = 0;
  while (!batch.empty()) {
    const ssize_t n = write(connection.fd, batch.data(), batch.size());
    if (n <= 0) Fail("the connection broke");
    batch.remove_prefix(static_cast<size_t>(n));
  }
  return connection.in_flight > 0;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  Requests requests(options, Map(options.file));
  const int loop = epoll_create1(0);
  std::vector<Connection> connections(options.connections);
  for (size_t i = 0; i < connections.size(); ++i) {
    connections[i].fd = windlass::bench::ConnectToLoopback(options.port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(loop, EPOLL_CTL_ADD, connections[i].fd, &event);
  }
  size_t busy = 0;
  const double begin = Now();
  for (Connection& connection : connections) busy += SendBatch(connection, requests, options) ? 1 : 0;
  static char buffer[1 << 18];
  epoll_event ready[256];
  while (busy > 0) {
    const int count = epoll_wait(loop, ready, 256, 20'000);
    if (count == 0) Fail("no reply for twenty seconds");
    for (int i = 0; i < count; ++i) {
      Connection& connection = connections[ready[i].data.u64];
      const ssize_t n = read(connection.fd, buffer, sizeof buffer);
      if (n <= 0) Fail("the connection broke");
      if (connection.lines == 0 && buffer[0] == '-') {
        std::fprintf(stderr, "load: %.*s\n", static_cast<int>(std::min<ssize_t>(n, 100)), buffer);
        return 1;
      }
      connection.lines += static_cast<size_t>(std::count(buffer, buffer + n, '\n'));
      const size_t wanted = connection.in_flight * options.lines;
      if (connection.lines > wanted) Fail("a reply of more lines than it must have");
      if (connection.lines == wanted && !SendBatch(connection, requests, options)) --busy;
    }
  }
  std::printf("%zu %.6f\n", options.requests, Now() - begin);
  return 0;
}
