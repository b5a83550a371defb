// Fills a server with keys and watches how long it keeps anybody waiting.
//
//   stalls PORT PID KEYS [FILE]
//
// One connection sends batches of sixteen SETs and waits for the replies of each, so
// a pause of the server falls into one batch. Two clocks measure it: the wall's, and
// the CPU time of the server's main thread as the kernel accounts it (/proc/PID/
// schedstat), which other programs on the machine do not disturb. Work a server does
// between two batches counts for the second. Prints for both the longest batch and
// the batch that one of ten thousand exceeds, in microseconds, and how many keys
// there were at the longest. FILE gets the CPU time of every batch, in nanoseconds, 64
// bits each: what comes at the same number of keys in every run is the server's doing.
#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/bench/loopback.h"

namespace {

constexpr int kBatch = 16;
constexpr size_t kReplyBytes = 5;  // +OK

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "stalls: %s\n", what);
  std::exit(1);
}

int64_t WallNs() {
  timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
}

int64_t CpuNs(int schedstat) {
  char text[64] = "";
  if (pread(schedstat, text, sizeof text - 1, 0) <= 0) Fail("the server is gone");
  return std::strtoll(text, nullptr, 10);
}

void Exchange(int fd, const std::string& batch) {
  size_t sent = 0;
  while (sent < batch.size()) {
    const ssize_t n = write(fd, batch.data() + sent, batch.size() - sent);
    if (n <= 0) Fail("the connection broke");
    sent += static_cast<size_t>(n);
  }
  char replies[kBatch * kReplyBytes];
  size_t got = 0;
  while (got < sizeof replies) {
    const ssize_t n = read(fd, replies + got, sizeof replies - got);
    if (n <= 0) Fail("the connection broke");
    got += static_cast<size_t>(n);
  }
  for (size_t i = 0; i < sizeof replies; i += kReplyBytes) {
    if (std::memcmp(replies + i, "+OK\r\n", kReplyBytes) != 0) Fail("a SET was refused");
  }
}

void Report(const char* name, std::vector<int64_t>& ns, char end) {
  const auto longest = std::max_element(ns.begin(), ns.end());
  const long long at = (longest - ns.begin()) * kBatch;
  const double longest_us = static_cast<double>(*longest) / 1000;
  const auto rank = ns.begin() + static_cast<std::ptrdiff_t>(ns.size() - 1 - ns.size() / 10'000);
  std::nth_element(ns.begin(), rank, ns.end());
  std::printf("\"%s_longest_us\": %.1f, \"%s_longest_at_keys\": %lld, \"%s_p9999_us\": %.1f%c", name, longest_us, name,
              at, name, static_cast<double>(*rank) / 1000, end);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) Fail("usage: stalls PORT PID KEYS [FILE]");
  const int fd = windlass::bench::ConnectToLoopback(std::atoi(argv[1]));
  const int schedstat = open((std::string("/proc/") + argv[2] + "/schedstat").c_str(), O_RDONLY | O_CLOEXEC);
  if (schedstat < 0) Fail("no /proc/PID/schedstat");
  const long long keys = std::atoll(argv[3]);
  std::vector<int64_t> wall;
  std::vector<int64_t> cpu;
  wall.reserve(static_cast<size_t>(keys / kBatch) + 1);
  cpu.reserve(wall.capacity());
  std::string batch;
  for (long long key = 0; key < keys; key += kBatch) {
    batch.clear();
    for (long long i = key; i < key + kBatch; ++i) {
      char request[64];
      std::snprintf(request, sizeof request, "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012lld\r\n$8\r\nabcdefgh\r\n", i);
      batch += request;
    }
    const int64_t cpu_before = CpuNs(schedstat);
    const int64_t wall_before = WallNs();
    Exchange(fd, batch);
    wall.push_back(WallNs() - wall_before);
    cpu.push_back(CpuNs(schedstat) - cpu_before);
  }
  if (argc == 5) {
    std::FILE* file = std::fopen(argv[4], "wb");
    if (file == nullptr || std::fwrite(cpu.data(), sizeof cpu[0], cpu.size(), file) != cpu.size()) Fail("cannot write FILE");
    if (std::fclose(file) != 0) Fail("cannot write FILE");
  }
  std::printf("{");
  Report("cpu", cpu, ',');
  std::printf(" ");
  Report("wall", wall, '}');
  std::printf("\n");
  return 0;
}
