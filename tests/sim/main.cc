// windlass-sim: runs seeds and says which failed.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/sim/scenario.h"

namespace {

using windlass::sim::Outcome;
using windlass::sim::Scenario;

struct Arguments {
  uint64_t first = 1;
  uint64_t last = 2000;
  int threads = 2;
  bool verbose = false;
};

void Usage(std::FILE* to) {
  std::fputs(
      "usage: windlass-sim [--seeds A-B | --seed N] [--threads N] [--verbose]\n"
      "Runs clusters of ten masters and ten replicas on a virtual clock with message loss,\n"
      "delay, one-way partitions, crashes, lost data and lost nodes.conf, one for each seed\n"
      "(default 1-2000), and checks: one owner per slot and epoch, no vote given twice, no\n"
      "data wiped by a restarted master, agreement after healing. Exit code 0 if all passed.\n"
      "  --seeds A-B   the seeds from A to B\n"
      "  --seed N      one seed; with --verbose its whole trace is printed\n"
      "  --threads N   seeds run at once (default 2)\n",
      to);
}

bool ParseNumber(const char* text, uint64_t* number) {
  char* end = nullptr;
  *number = std::strtoull(text, &end, 10);
  return end != text && *end == '\0';
}

bool ParseRange(const char* text, Arguments* arguments) {
  const char* dash = std::strchr(text, '-');
  if (dash == nullptr) return false;
  const std::string first(text, dash);
  return ParseNumber(first.c_str(), &arguments->first) && ParseNumber(dash + 1, &arguments->last) &&
         arguments->first <= arguments->last;
}

// 0: run; else exit with this code minus one.
int Parse(int argc, char** argv, Arguments* arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    bool good = true;
    if (option == "--help") {
      Usage(stdout);
      return 1;
    }
    if (option == "--verbose") {
      arguments->verbose = true;
      continue;
    }
    uint64_t number = 0;
    if (option == "--seeds" && value != nullptr) {
      good = ParseRange(value, arguments);
    } else if (option == "--seed" && value != nullptr) {
      good = ParseNumber(value, &number);
      arguments->first = arguments->last = number;
    } else if (option == "--threads" && value != nullptr) {
      good = ParseNumber(value, &number) && number >= 1 && number <= 64;
      arguments->threads = static_cast<int>(number);
    } else {
      good = false;
    }
    if (!good) {
      std::fprintf(stderr, "windlass-sim: bad argument '%s'\n", option.c_str());
      Usage(stderr);
      return 3;
    }
    ++i;
  }
  return 0;
}

std::string Tail(const std::string& trace, int lines) {
  size_t at = trace.size();
  for (int i = 0; i <= lines && at != std::string::npos && at > 0; ++i) at = trace.rfind('\n', at - 1);
  return at == std::string::npos || at == 0 ? trace : trace.substr(at + 1);
}

void Report(const Outcome& outcome, const Arguments& arguments) {
  if (outcome.failure.empty()) {
    if (!arguments.verbose) return;
    std::fputs(outcome.trace.c_str(), stdout);
    std::printf("seed %llu: passed, agreed %lld ms after healing\n",
                static_cast<unsigned long long>(outcome.seed), static_cast<long long>(outcome.healed_ms));
    return;
  }
  // The same seed again, this time with its trace.
  const std::string trace = arguments.verbose ? outcome.trace : Scenario(outcome.seed, true).Run().trace;
  std::fputs((arguments.verbose ? trace : Tail(trace, 40)).c_str(), stdout);
  const auto seed = static_cast<unsigned long long>(outcome.seed);
  std::printf("seed %llu: FAILED: %s\n  replay with: windlass-sim --seed %llu --verbose\n", seed,
              outcome.failure.c_str(), seed);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (const int code = Parse(argc, argv, &arguments); code != 0) return code - 1;
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<uint64_t> next{arguments.first};
  std::mutex mutex;
  uint64_t passed = 0;
  uint64_t failed = 0;
  int64_t slowest_ms = 0;
  const auto work = [&] {
    for (uint64_t seed = next++; seed <= arguments.last; seed = next++) {
      const Outcome outcome = Scenario(seed, arguments.verbose).Run();
      const std::lock_guard<std::mutex> lock(mutex);
      outcome.failure.empty() ? ++passed : ++failed;
      slowest_ms = std::max(slowest_ms, outcome.healed_ms);
      Report(outcome, arguments);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < arguments.threads; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%.1f s (%.1f s of CPU); slowest agreement %lld ms of virtual time after healing\n", took.count(),
              static_cast<double>(std::clock()) / CLOCKS_PER_SEC, static_cast<long long>(slowest_ms));
  std::printf("%llu seeds passed, %llu failed\n", static_cast<unsigned long long>(passed),
              static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
