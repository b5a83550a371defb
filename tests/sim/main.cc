// windlass-sim: runs seeds and says which failed.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/sim/migration_story.h"
#include "tests/sim/replay.h"
#include "tests/sim/scenario.h"

namespace {

using windlass::sim::Outcome;
using windlass::sim::Schedule;

struct Arguments {
  uint64_t first = 1;
  uint64_t last = 2000;
  bool seeds_given = false;
  bool migrations = false;
  std::vector<Schedule> schedules;
  int threads = 2;
  bool verbose = false;
};

void Usage(std::FILE* to) {
  std::fputs(
      "usage: windlass-sim [--migrations | --schedule FILE] [--seeds A-B | --seed N] [--threads N] [--verbose]\n"
      "Runs clusters of real cluster cores on a virtual clock, one for each seed, and checks\n"
      "them all the time. A seed always gives the same run. Exit code 0 if all passed.\n"
      "\n"
      "  (neither)        ten masters and ten replicas, with message loss, delay, one-way\n"
      "                   partitions, crashes, lost data and lost nodes.conf: one owner per slot\n"
      "                   and epoch, no vote given twice, no data wiped by a restarted master,\n"
      "                   agreement after healing. Seeds 1-2000\n"
      "  --migrations     three masters and three replicas with data, between which atomic slot\n"
      "                   migrations go on while masters and replicas of both sides are killed\n"
      "                   before any step, frozen, cut off, failed over, and saves fail: never do\n"
      "                   two shards accept writes to a slot, nothing that a client was told is\n"
      "                   ever missing where its slot is served, every move ends after the\n"
      "                   healing, and another one succeeds. Seeds 1-400\n"
      "  --schedule FILE  the schedules of tests/chaos/run.py --print-schedule, of which FILE\n"
      "                   (- is stdin) may hold several, with the same data and checks, and a hash\n"
      "                   of every event and packet: two runs with one hash were the same to the\n"
      "                   byte. The delays of the network are of the schedule's seed, or of each\n"
      "                   of --seeds\n"
      "\n"
      "  --seeds A-B      the seeds from A to B\n"
      "  --seed N         one seed; with --verbose its whole trace is printed\n"
      "  --threads N      runs at once (default 2)\n"
      "\n"
      "Examples:\n"
      "  windlass-sim --seeds 1-50\n"
      "  windlass-sim --migrations --seed 7 --verbose\n"
      "  tests/chaos/run.py --seeds 1-40 --print-schedule | windlass-sim --schedule -\n"
      "  tests/chaos/run.py --seed 7 --print-schedule > seven; windlass-sim --schedule seven --seeds 1-20\n",
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

bool ReadSchedules(const char* path, std::vector<Schedule>* schedules) {
  std::ostringstream text;
  if (std::strcmp(path, "-") == 0) {
    text << std::cin.rdbuf();
  } else {
    std::ifstream file(path);
    if (!file) {
      std::fprintf(stderr, "windlass-sim: cannot read %s\n", path);
      return false;
    }
    text << file.rdbuf();
  }
  auto parsed = windlass::sim::ParseSchedules(text.str());
  if (!parsed.ok()) std::fprintf(stderr, "windlass-sim: %s: %s\n", path, parsed.error().c_str());
  if (parsed.ok()) *schedules = std::move(*parsed);
  return parsed.ok();
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
    if (option == "--migrations") {
      arguments->migrations = true;
      continue;
    }
    uint64_t number = 0;
    if (option == "--seeds" && value != nullptr) {
      good = ParseRange(value, arguments);
      arguments->seeds_given = true;
    } else if (option == "--schedule" && value != nullptr) {
      if (!ReadSchedules(value, &arguments->schedules)) return 3;
    } else if (option == "--seed" && value != nullptr) {
      good = ParseNumber(value, &number);
      arguments->first = arguments->last = number;
      arguments->seeds_given = true;
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
  if (arguments->migrations && !arguments->schedules.empty()) {
    std::fputs("windlass-sim: --migrations or --schedule, not both\n", stderr);
    return 3;
  }
  if (arguments->migrations && !arguments->seeds_given) arguments->last = 400;
  return 0;
}

// One run: a seed, and a schedule where there are some.
struct Job {
  const Schedule* schedule = nullptr;
  uint64_t seed = 0;
};

std::vector<Job> JobsOf(const Arguments& arguments) {
  std::vector<Job> jobs;
  for (const Schedule& schedule : arguments.schedules) {
    if (!arguments.seeds_given) jobs.push_back({&schedule, schedule.seed});
    for (uint64_t seed = arguments.first; arguments.seeds_given && seed <= arguments.last; ++seed) jobs.push_back({&schedule, seed});
  }
  if (!arguments.schedules.empty()) return jobs;
  for (uint64_t seed = arguments.first; seed <= arguments.last; ++seed) jobs.push_back({nullptr, seed});
  return jobs;
}

Outcome RunJob(const Job& job, const Arguments& arguments, bool verbose) {
  if (job.schedule != nullptr) return windlass::sim::Replay(*job.schedule, job.seed, verbose).Run();
  if (arguments.migrations) return windlass::sim::MigrationStory(job.seed, verbose).Run();
  return windlass::sim::Scenario(job.seed, verbose).Run();
}

std::string NameOf(const Job& job) {
  const std::string seed = "seed " + std::to_string(job.seed);
  return job.schedule == nullptr ? seed : "schedule " + std::to_string(job.schedule->seed) + ", " + seed;
}

std::string Tail(const std::string& trace, int lines) {
  size_t at = trace.size();
  for (int i = 0; i <= lines && at != std::string::npos && at > 0; ++i) at = trace.rfind('\n', at - 1);
  return at == std::string::npos || at == 0 ? trace : trace.substr(at + 1);
}

void Report(const Outcome& outcome, const Job& job, const Arguments& arguments) {
  char hash[32] = "";
  if (outcome.hash != 0) std::snprintf(hash, sizeof hash, ", hash %016llx", static_cast<unsigned long long>(outcome.hash));
  if (outcome.failure.empty()) {
    if (!arguments.verbose && job.schedule == nullptr) return;
    if (arguments.verbose) std::fputs(outcome.trace.c_str(), stdout);
    std::printf("%s: passed, agreed %lld ms after healing%s\n", NameOf(job).c_str(), static_cast<long long>(outcome.healed_ms), hash);
    return;
  }
  // The same again, this time with its trace.
  const std::string trace = arguments.verbose ? outcome.trace : RunJob(job, arguments, true).trace;
  std::fputs((arguments.verbose ? trace : Tail(trace, 40)).c_str(), stdout);
  std::printf("%s: FAILED%s: %s\n  replay with: windlass-sim %s--seed %llu --verbose\n", NameOf(job).c_str(), hash, outcome.failure.c_str(),
              job.schedule != nullptr ? "--schedule FILE " : arguments.migrations ? "--migrations " : "", static_cast<unsigned long long>(job.seed));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (const int code = Parse(argc, argv, &arguments); code != 0) return code - 1;
  const auto begin = std::chrono::steady_clock::now();
  const std::vector<Job> jobs = JobsOf(arguments);
  std::vector<std::optional<Outcome>> outcomes(jobs.size());
  std::atomic<size_t> next{0};
  std::mutex mutex;
  size_t reported = 0;
  uint64_t passed = 0;
  uint64_t failed = 0;
  int64_t slowest_ms = 0;
  const auto work = [&] {
    for (size_t i = next++; i < jobs.size(); i = next++) {
      Outcome outcome = RunJob(jobs[i], arguments, arguments.verbose);
      const std::lock_guard<std::mutex> lock(mutex);
      outcome.failure.empty() ? ++passed : ++failed;
      slowest_ms = std::max(slowest_ms, outcome.healed_ms);
      outcomes[i] = std::move(outcome);
      // In order, so that two outputs can be compared.
      for (; reported < jobs.size() && outcomes[reported]; ++reported) {
        Report(*outcomes[reported], jobs[reported], arguments);
        outcomes[reported]->trace.clear();
      }
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
