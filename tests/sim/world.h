// All hosts, the network between them, and the clock: carries out effects and
// feeds inputs back.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node/base/random.h"
#include "tests/sim/checks.h"
#include "tests/sim/companion.h"
#include "tests/sim/events.h"
#include "tests/sim/host.h"
#include "tests/sim/network.h"
#include "tests/sim/trace_hash.h"

namespace windlass::sim {

struct WorldOptions {
  uint64_t seed = 1;
  int hosts = 20;
  bool verbose = false;
  bool hashed = false;  // every event and packet goes into hash()
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

  void set_companion(Companion* companion) { companion_ = companion; }
  void Start(Host* host);
  void Crash(Host* host);
  // Stops the process and lets it go on; what comes meanwhile waits.
  void Freeze(Host* host);
  void Thaw(Host* host);
  // Empty if it was accepted, else the error line. `ticket`, if given: the save after
  // which it is on disk.
  std::string Admin(Host* host, const cluster::AdminCommand& command, uint64_t* ticket = nullptr);
  void Feed(Host* host, const cluster::Input& input);
  Host* HostOfIp(const std::string& ip);
  // Unix time as the process on this host takes it to be.
  int64_t ClockMs(const Host& host) const { return now_ms() + host.clock_ms; }
  bool DiskFails() { return disk_faults_ != 0 && random_.Below(1000) < static_cast<uint64_t>(disk_faults_); }

  // Bad disks: this share of writes fail, in per mille.
  void SetDiskFaults(int per_mille) { disk_faults_ = per_mille; }
  // Crashes between a critical Persist and its answer, in per mille.
  void SetCriticalCrashes(int per_mille) { critical_crashes_ = per_mille; }
  void Trace(const Host* host, const std::string& text);
  const std::string& trace() const { return trace_; }
  uint64_t hash() { return hash_.value(); }
  void AddToHash(uint64_t number) {
    if (hashed_) hash_.Add(number);
  }

 private:
  static constexpr int64_t kStartMs = 1700000000000;

  void Handle(Event event);
  void Hash(const Event& event);
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

  base::Random random_;
  bool verbose_;
  bool hashed_;
  cluster::Options core_options_;
  std::vector<std::unique_ptr<Host>> hosts_;
  Network network_;
  EventQueue events_;
  Checks checks_;
  std::map<uint64_t, std::function<void()>> actions_;
  uint64_t next_action_ = 0;
  Companion* companion_ = nullptr;
  std::map<int, std::vector<Event>> kept_;  // for frozen hosts
  TraceHash hash_;
  int64_t now_us_ = 0;
  int64_t next_second_us_ = 0;
  int disk_faults_ = 0;
  int critical_crashes_ = 0;
  std::string trace_;
};

}  // namespace windlass::sim
