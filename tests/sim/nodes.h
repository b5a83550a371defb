// The data and the migrations of every host, and the clients that write to them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/shard_data.h"
#include "tests/sim/slot_moves.h"

namespace windlass::sim {

// Of a master's log: CLUSTER SETSLOT for its replicas.
inline constexpr char kSetSlot[] = "SETSLOT";
std::vector<std::string> SetSlotWords(const cluster::SetSlotCommand& command);

class Nodes final : public Companion {
 public:
  explicit Nodes(World* world);

  ShardData& data(const Host& host) { return *data_[static_cast<size_t>(host.index())]; }
  SlotMoves& moves(const Host& host) { return *moves_[static_cast<size_t>(host.index())]; }
  // While nothing is broken clients may stop, so that what is left can be looked at.
  void StopClients() { writing_ = false; }
  int64_t confirmations() const { return truth_.confirmations(); }
  // Empty when no migration is unfinished, every value is with its slot's owner alone,
  // and none is older than what a client was told.
  std::string Unsettled();
  void LoseDisk(const Host& host);
  int succeeded() const;

  // Companion.
  void Starting(Host* host) override;
  void Started(Host* host) override;
  void Crashed(Host* host) override;
  void Follows(Host* host) override;
  void IsMaster(Host* host) override;
  void HoldsStream(Host* host) override { data(*host).HoldStream(); }
  void LostSlots(Host* host, const slot::SlotSet& slots) override { moves(*host).LostSlots(slots); }
  void Flushes(Host* host) override { data(*host).Flush(); }

 private:
  struct Reported {
    int64_t offset = -1;
    bool link_up = false;
    bool held = false;
  };

  void Turn(Host* host);
  void HearOfReplication(Host* host);
  void Write(Host* host);
  bool Accepts(const Host& host, slot::SlotId slot);
  std::pair<uint64_t, int64_t> RankOf(const Host& host) const;
  void NoteNewest(const Host& host);
  bool Stale(const Host& host);
  void CheckAlone(const Host& host, slot::SlotId slot);

  World* world_;
  Wires wires_;
  Truth truth_;
  std::vector<std::unique_ptr<ShardData>> data_;
  std::vector<std::unique_ptr<SlotMoves>> moves_;
  std::vector<Reported> reported_;
  // The newest master of each shard, by epoch and since when it has been a master: an older
  // one that has not heard of it is no matter of migrations.
  std::map<cluster::NodeId, std::pair<std::pair<uint64_t, int64_t>, cluster::NodeId>> newest_;
  std::map<cluster::NodeId, int64_t> master_since_us_;
  std::map<int, bool> complete_;  // by host: the data of the process being started
  bool writing_ = true;
};

}  // namespace windlass::sim
