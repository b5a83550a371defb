// Carries out a schedule of tests/chaos on simulated nodes: the same faults at the same
// times. What a fault chooses when its time comes, it chooses by the schedule's `pick`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/sim/schedule.h"
#include "tests/sim/trial.h"

namespace windlass::sim {

class Replay final : public Trial {
 public:
  // `seed`: of the network's delays, the disks and the clients.
  Replay(const Schedule& schedule, uint64_t seed, bool verbose);

 private:
  void Suffer() override;
  void Strike(const ScheduledFault& fault);
  bool Hurt(const ScheduledFault& fault, Host* host);
  void Operate(const ScheduledFault& fault, Host* host);

  void Cut(const std::vector<std::pair<int, int>>& paths, int64_t lasts_us);
  void SpoilLinks(const ScheduledFault& fault, int64_t delay_us, int loss_percent);
  bool LoseData(Host* host, bool identity, int64_t lasts_us);
  void Move(const ScheduledFault& fault, bool atomic);
  // One slot after the other, as a tool does by SETSLOT.
  void MoveClassic(int from, int to, const slot::SlotSet& slots, int next);
  struct Classic {
    int from;
    int to;
    uint64_t source_life;
    uint64_t target_life;
    slot::SlotSet slots;
    slot::SlotId slot;   // on its way now
    int64_t offset;      // of the target's log
    int64_t until_us;
  };
  void CopyClassic(Classic move);
  void FinishClassic(const Classic& move);
  void EndClassic();
  bool BothAsTheyWere(const Classic& move);
  struct Mirrored {
    int host;
    uint64_t life;
    cluster::SetSlotCommand command;
    int64_t offset;
    int64_t until_us;
  };
  void SetSlot(Host* host, const cluster::SetSlotCommand& command, std::function<void(bool)> then);
  void AwaitMirrors(const Mirrored& change, std::function<void(bool)> then);
  void AwaitSave(const Host& host, uint64_t life, uint64_t ticket, std::function<void(bool)> then);
  bool MayChange(const Host& host) const;
  void TellOpenSlots();
  void TellOfClassic(const Classic& move, const std::string& target_id);
  void CloseOpenSlots();
  std::vector<Host*> ServingOrNot();
  void Failover(const ScheduledFault& fault);
  void Restart(Host* host);
  void MoveReplica(const ScheduledFault& fault);
  std::vector<Host*> SoundReplicas();

  const Schedule schedule_;
  bool classic_ = false;  // a slot is on its way by SETSLOT
};

}  // namespace windlass::sim
