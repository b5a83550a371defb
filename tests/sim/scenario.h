// One seed's story: a cluster of ten masters and ten replicas forms, suffers,
// is healed, and must agree again.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/sim/administrator.h"
#include "tests/sim/world.h"

namespace windlass::sim {

struct Outcome {
  uint64_t seed = 0;
  std::string failure;  // empty: passed
  std::string trace;    // with verbose
  int64_t healed_ms = 0;  // virtual time from healing to agreement
  uint64_t hash = 0;      // of all that happened, where asked for
};

class Scenario {
 public:
  Scenario(uint64_t seed, bool verbose);
  Outcome Run();

 private:
  void Form();
  // In every fourth seed: whoever introduces a newcomer dies at once, and the others
  // must hear of it all the same.
  void LoseAnIntroducer();
  // In every fourth seed: four of ten masters die in one instant, and their replicas,
  // none of which has a sibling to wait for, compete for the votes of the six.
  void LoseManyMasters();
  void Suffer();
  void Heal();

  void Misfortune();
  void CrashSomeone();
  void LoseData();
  void LoseConf();
  void Partition();
  void ManualFailover();
  void RestartLater(int host, int64_t delay_us);

  Host* RandomLiving();
  // Alive, synchronised and following the master on `master`.
  Host* SoundReplicaOf(const Host& master);

  uint64_t seed_;
  World world_;
  base::Random random_;
  Administrator administrator_;
  int64_t timeout_us_;
  std::set<int> hurt_lineages_;  // of each shard's data one copy may be destroyed
};

}  // namespace windlass::sim
