// Atomic migrations, several at once, while masters and replicas of both sides are
// killed (before a step or at any moment), frozen, cut off, failed over, and their disks
// fail. Then every move must have ended, and another one must succeed.
#pragma once

#include "tests/sim/trial.h"

namespace windlass::sim {

class MigrationStory final : public Trial {
 public:
  MigrationStory(uint64_t seed, bool verbose);

 private:
  void Suffer() override;
  void Afterwards() override;
  void BeginMove();
  void Misfortune();
  // One of the shards that a move is under way between, most of the time.
  Host* Victim();
  void CutOff(Host* host);

  std::vector<int> parties_;  // hosts of the latest move
};

}  // namespace windlass::sim
