// What a person does twice a second: adds newcomers, forgets the dead, and after the
// healing replaces masters that nobody could be elected for.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace windlass::sim {

class Administrator {
 public:
  Administrator(World* world, base::Random* random) : world_(world), random_(random) {}

  // From now on, for ever.
  void Begin() { Administer(); }
  void Healed() {
    healed_ = true;
    healed_at_us_ = world_->now_us();
  }
  bool healed() const { return healed_; }
  int64_t healed_at_us() const { return healed_at_us_; }
  // A newcomer that nothing is done for; none: nullptr.
  void LeaveAlone(Host* host) { unassisted_ = host; }
  void AddDead(std::string id) { dead_ids_.push_back(std::move(id)); }

 private:
  void Administer();
  void AdmitNewcomer(Host* newcomer);
  void ForgetDead(Host* host);
  void ForceFailovers();
  bool MasterServes(const Host& replica) const;
  Host* RandomLiving();

  World* world_;
  base::Random* random_;
  bool healed_ = false;
  int64_t healed_at_us_ = 0;
  Host* unassisted_ = nullptr;
  std::vector<std::string> dead_ids_;
};

cluster::MeetCommand MeetHost(const Host& host);

}  // namespace windlass::sim
