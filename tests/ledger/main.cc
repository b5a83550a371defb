// windlass-ledger: load on a cluster, and the books of what it promised.
//
// Commands are read from standard input, one a line, each answered by one line
// on standard output; at "stop" or end of input the books are closed, every key
// is read back, and the exit status says whether anything was lost.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "tests/ledger/report.h"
#include "tests/ledger/workload.h"

namespace windlass::ledger {
namespace {

constexpr const char* kHelp = R"(usage: windlass-ledger --nodes HOST:PORT[,HOST:PORT...] [options]

Writes to a Redis cluster, keeps the books of every acknowledged write, and at
the end reads every key back.

  --nodes LIST       one or more nodes of the cluster
  --password TEXT    sent with AUTH (or the environment variable REDISCLI_AUTH)
  --keys N           live keys to keep (default 1000)
  --rate N           writes a second, growth apart (default 3000)
  --size N           bytes of a value (default 100)
  --workers N        client threads (default 4)
  --prefix TEXT      of every key (default ledger)
  --patience N       seconds after which a command has failed (default 10)
  --books FILE       where the books go at the end, for verify.py
  --seconds N        stop by itself after N seconds (default: at end of input)

Commands on standard input:
  phase NAME planned|kill   end the phase and begin another; "kill": until the
                            next phase only what WAIT 1 confirmed is a promise
  keys N | rate N | size N  change a target
  nodes HOST:PORT[,...]     where the cluster is now, after all its addresses have changed
  status                    one JSON line about the phase so far
  stop                      close the books and verify

Exit status: 0 nothing lost, 1 something lost or failed, 2 usage.
)";

struct Settings {
  WorkloadOptions workload;
  Targets targets;
  std::string books;
  int seconds = 0;
};

bool ParseNodes(const std::string& list, ClientOptions* client) {
  std::stringstream stream(list);
  std::string one;
  while (std::getline(stream, one, ',')) {
    const size_t colon = one.rfind(':');
    if (colon == std::string::npos) return false;
    client->seeds.emplace_back(one.substr(0, colon), std::atoi(one.c_str() + colon + 1));
  }
  return !client->seeds.empty();
}

bool ParseArguments(int argc, char** argv, Settings* s) {
  if (const char* password = getenv("REDISCLI_AUTH")) s->workload.client.password = password;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) return false;
    const std::string value = argv[i + 1];
    if (name == "--nodes") {
      if (!ParseNodes(value, &s->workload.client)) return false;
    } else if (name == "--password") {
      s->workload.client.password = value;
    } else if (name == "--keys") {
      s->targets.keys = std::stoll(value);
    } else if (name == "--rate") {
      s->targets.writes_per_second = std::stoll(value);
    } else if (name == "--size") {
      s->targets.value_size = std::stoll(value);
    } else if (name == "--workers") {
      s->workload.workers = std::clamp(std::stoi(value), 1, 64);
    } else if (name == "--prefix") {
      s->workload.prefix = value;
    } else if (name == "--patience") {
      s->workload.client.give_up_after = std::chrono::seconds(std::stoi(value));
    } else if (name == "--books") {
      s->books = value;
    } else if (name == "--seconds") {
      s->seconds = std::stoi(value);
    } else {
      return false;
    }
  }
  return !s->workload.client.seeds.empty();
}

class Session {
 public:
  explicit Session(Settings* settings) : settings_(settings) {
    for (int i = 0; i < settings->workload.workers; ++i) {
      workers_.push_back(std::make_unique<Worker>(settings->workload, i, &settings->targets));
    }
    for (auto& worker : workers_) {
      threads_.emplace_back([this, w = worker.get()] {
        while (!stopping_) w->Step();
        w->Drain();
      });
    }
    phase_.name = "start";
    phase_start_ = second_start_ = Clock::now();
  }

  // Collects the workers' figures; once a second looks at that second alone.
  void Sample() {
    for (auto& worker : workers_) {
      const std::lock_guard<std::mutex> lock(worker->mutex());
      PhaseFigures taken = worker->TakeFigures();
      second_acked_ += taken.acked;
      Merge(&phase_, taken);
    }
    const auto now = Clock::now();
    phase_.seconds = std::chrono::duration<double>(now - phase_start_).count();
    if (now - second_start_ < std::chrono::seconds(1)) return;
    phase_.slowest_second = seconds_seen_++ == 0 ? second_acked_ : std::min(phase_.slowest_second, second_acked_);
    second_acked_ = 0;
    second_start_ = now;
  }

  void BeginPhase(const std::string& name, bool planned) {
    for (auto& worker : workers_) {
      const std::lock_guard<std::mutex> lock(worker->mutex());
      worker->SetPlanned(planned);
    }
    EndPhase();
    phase_ = {};
    phase_.name = name;
    phase_.planned = planned;
    phase_start_ = second_start_ = Clock::now();
    second_acked_ = 0;
    seconds_seen_ = 0;
  }

  std::string Status() {
    Sample();
    int64_t live = 0;
    for (auto& worker : workers_) live += static_cast<int64_t>(worker->live());
    std::string json = ToJson(phase_);
    json.insert(json.size() - 1, ", \"live_keys\": " + std::to_string(live));
    return json;
  }

  // True to go on.
  bool Obey(const std::string& line) {
    std::stringstream words(line);
    std::string verb, first, second;
    words >> verb >> first >> second;
    if (verb == "stop") return false;
    if (verb == "status") {
      std::cout << Status() << std::endl;
    } else if (verb == "phase" && !first.empty() && (second == "planned" || second == "kill")) {
      BeginPhase(first, second == "planned");
      std::cout << "ok phase " << first << std::endl;
    } else if ((verb == "keys" || verb == "rate" || verb == "size") && std::atoll(first.c_str()) > 0) {
      auto& target = verb == "keys"   ? settings_->targets.keys
                     : verb == "rate" ? settings_->targets.writes_per_second
                                      : settings_->targets.value_size;
      target = std::atoll(first.c_str());
      std::cout << "ok " << verb << ' ' << first << std::endl;
    } else if (ClientOptions found; verb == "nodes" && ParseNodes(first, &found)) {
      std::vector<ClusterClient::Address> nodes;
      for (const auto& [host, port] : found.seeds) nodes.push_back(host + ":" + std::to_string(port));
      for (auto& worker : workers_) {
        const std::lock_guard<std::mutex> lock(worker->mutex());
        worker->SetNodes(nodes);
      }
      std::cout << "ok nodes " << nodes.size() << std::endl;
    } else {
      std::cout << "error unknown command: " << line << std::endl;
    }
    return true;
  }

  bool Close() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
    EndPhase();
    if (!settings_->books.empty()) WriteBooks(settings_->books, workers_);
    const Audit audit = ReadBack(settings_->workload.client, workers_);
    std::cout << "total " << ToJson(total_) << "\naudit " << ToJson(audit) << std::endl;
    return audit.clean() && total_.failed == 0 && total_.lost_reads == 0;
  }

 private:
  void EndPhase() {
    Sample();
    std::cout << "phase " << ToJson(phase_) << std::endl;
    Merge(&total_, phase_);
    total_.name = "total";
    total_.seconds += phase_.seconds;
  }

  Settings* settings_;
  Workers workers_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  PhaseFigures phase_, total_;
  Clock::time_point phase_start_, second_start_;
  uint64_t second_acked_ = 0;
  uint64_t seconds_seen_ = 0;
};

// Reads lines from standard input without blocking the sampling.
bool ReadCommands(Session* session, std::string* pending) {
  pollfd input{0, POLLIN, 0};
  if (poll(&input, 1, 50) <= 0) return true;
  char chunk[4096];
  const ssize_t got = read(0, chunk, sizeof(chunk));
  if (got <= 0) return false;
  pending->append(chunk, static_cast<size_t>(got));
  size_t end = 0;
  while ((end = pending->find('\n')) != std::string::npos) {
    const std::string line = pending->substr(0, end);
    pending->erase(0, end + 1);
    if (!line.empty() && !session->Obey(line)) return false;
  }
  return true;
}

int Run(Settings* settings) {
  Session session(settings);
  const auto deadline = Clock::now() + std::chrono::seconds(settings->seconds);
  std::string pending;
  while (settings->seconds == 0 || Clock::now() < deadline) {
    if (settings->seconds != 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    } else if (!ReadCommands(&session, &pending)) {
      break;
    }
    session.Sample();
  }
  return session.Close() ? 0 : 1;
}

}  // namespace
}  // namespace windlass::ledger

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  if (argc == 2 && (std::string(argv[1]) == "--help" || std::string(argv[1]) == "-h")) {
    std::cout << windlass::ledger::kHelp;
    return 0;
  }
  windlass::ledger::Settings settings;
  try {
    if (!windlass::ledger::ParseArguments(argc, argv, &settings)) throw std::invalid_argument("arguments");
  } catch (const std::exception&) {
    std::cerr << windlass::ledger::kHelp;
    return 2;
  }
  return windlass::ledger::Run(&settings);
}
