// A small cluster with data and migrations, its clients, and what every trial of it
// has in common: it forms, something is done to it, it is healed, and must settle.
#pragma once

#include <memory>
#include <string>

#include "tests/sim/administrator.h"
#include "tests/sim/nodes.h"
#include "tests/sim/scenario.h"

namespace windlass::sim {

struct TrialOptions {
  uint64_t seed = 1;
  int masters = 3;
  int replicas = 3;
  int64_t node_timeout_ms = 2000;
  bool verbose = false;
};

class Trial {
 public:
  explicit Trial(const TrialOptions& options);
  virtual ~Trial() = default;
  Outcome Run();

 protected:
  virtual void Suffer() = 0;
  // After all is settled; fails the check itself.
  virtual void Afterwards() {}

  bool Failed() const { return !world_->checks().failure().empty(); }
  std::string Unsettled();
  Host* RandomLiving();
  Host* HostOf(const cluster::NodeId& id);
  // In sync and attached; none: nullptr.
  Host* SoundReplicaOf(const Host& master);
  // Every copy of its shard is alive, attached and in sync.
  bool ShardIsWhole(const Host& host);
  std::vector<Host*> ServingMasters();
  void StartLater(Host* host, int64_t delay_us);
  // Of `slots` consecutive ones at most that this master owns.
  static slot::SlotSet SomeSlotsOf(const Host& master, uint64_t pick, int slots);

  TrialOptions options_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Nodes> nodes_;
  base::Random random_;
  Administrator administrator_;

 private:
  void Form();
  void Heal();
};

}  // namespace windlass::sim
