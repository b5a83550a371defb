// All hosts, the network between them, and the clock: carries out effects and
// feeds inputs back.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "node/base/random.h"
#include "tests/sim/checks.h"
#include "tests/sim/events.h"
#include "tests/sim/host.h"
#include "tests/sim/network.h"

namespace windlass::sim {

struct WorldOptions {
  uint64_t seed = 1;
  int hosts = 20;
  bool verbose = false;
};

class World {
 public:
  World(const WorldOptions& options, cluster::Options core_options);

  int64_t now_us() const { return now_us_; }
  int64_t now_ms() const { return kStartMs + now_us_ / 1000; }
  base::Random& random() { return random_; }
  Network& network() { return network_; }
  Checks& checks() { return checks_; }
  std::vector<std::unique_ptr<Host>>& hosts() { return hosts_; }
  Host& host(int index) { return *hosts_[static_cast<size_t>(index)]; }
  const cluster::Options& core_options() const { return core_options_; }

  void At(int64_t at_us, std::function<void()> action);
  void After(int64_t delay_us, std::function<void()> action) { At(now_us_ + delay_us, std::move(action)); }
  // Runs until the time, a failed check, or `stop` (asked once a virtual second).
  void RunUntil(int64_t until_us, const std::function<bool()>& stop = nullptr);

  void Start(Host* host);
  void Crash(Host* host);
  // Empty if it was accepted, else the error line.
  std::string Admin(Host* host, const cluster::AdminCommand& command);

  // Bad disks: this share of writes fail, in per mille.
  void SetDiskFaults(int per_mille) { disk_faults_ = per_mille; }
  // Crashes between a critical Persist and its answer, in per mille.
  void SetCriticalCrashes(int per_mille) { critical_crashes_ = per_mille; }
  void Trace(const Host* host, const std::string& text);
  const std::string& trace() const { return trace_; }

 private:
  static constexpr int64_t kStartMs = 1700000000000;

  void Handle(Event event);
  void Feed(Host* host, const cluster::Input& input);
  void Tick(Host* host);
  void Replicate(Host* host);
  void Apply(Host* host, cluster::Effects effects);
  void Do(Host* host, const cluster::Connect& effect);
  void Do(Host* host, const cluster::Disconnect& effect);
  void Do(Host* host, const cluster::Send& effect);
  void Do(Host* host, const cluster::Persist& effect);
  void Do(Host* host, const cluster::FollowMaster& effect);
  void Do(Host* host, const cluster::HoldStream& effect);
  void Do(Host* host, const cluster::BecomeMaster& effect);
  void Do(Host* host, const cluster::FlushData& effect);
  void Do(Host* host, const cluster::SlotsLost& effect);
  void Do(Host* host, const cluster::StateChanged& effect);
  void Do(Host* host, const cluster::PauseWrites& effect);
  void Do(Host* host, const cluster::UnpauseWrites& effect);
  void Do(Host* host, const cluster::Log& effect);
  void Do(Host* host, const cluster::DeliverPublish& effect);
  void FinishWrite(Host* host, uint64_t ticket);
  void CloseConnection(uint64_t number, int closer);
  Host* HostOfIp(const std::string& ip);

  base::Random random_;
  bool verbose_;
  cluster::Options core_options_;
  std::vector<std::unique_ptr<Host>> hosts_;
  Network network_;
  EventQueue events_;
  Checks checks_;
  std::vector<std::function<void()>> actions_;
  int64_t now_us_ = 0;
  int64_t next_second_us_ = 0;
  int disk_faults_ = 0;
  int critical_crashes_ = 0;
  std::string trace_;
};

}  // namespace windlass::sim
