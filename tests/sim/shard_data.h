// The data of one host and how it follows a master's: values of a few slots, a log of
// their changes and of what is said about migrations, full and partial copies,
// acknowledgements. As the server does it, without the bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "node/cluster/inputs.h"
#include "tests/sim/truth.h"
#include "tests/sim/wires.h"

namespace windlass::sim {

// Slots that hold a value: every so many.
inline constexpr int kSlotsPerValue = 97;

struct LogEntry {
  slot::SlotId slot = 0;
  int64_t value = 0;                // 0: the slot is emptied
  std::vector<std::string> record;  // not empty: words about a migration instead
};

class ShardData final : public cluster::KeyCounts {
 public:
  ShardData(World* world, Wires* wires, Truth* truth, Host* host)
      : world_(world), wires_(wires), truth_(truth), host_(host) {}
  // Where a host's data is to be found, and who hears of records as a replica.
  using Find = std::function<ShardData*(const Host&)>;
  using Learn = std::function<void(const std::vector<std::string>& words)>;
  void Bind(Find find, Learn learn) {
    find_ = std::move(find);
    learn_ = std::move(learn);
  }
  void Hide(const slot::SlotSet& slots) { hidden_ = slots; }

  // cluster::KeyCounts.
  uint64_t KeysInSlot(slot::SlotId slot) const override { return hidden_.Contains(slot) ? 0 : values_.count(slot); }
  bool DatasetEmpty() const override { return values_.empty(); }

  // --- life and roles.
  void Starting();
  void Crashed();
  void Follow();
  void BecomeMaster();
  void HoldStream();
  // As a replica: acknowledge nothing, and ask for nothing by a new link.
  void SetMute(bool mute) { mute_ = mute; }
  void Flush();
  void LoseDisk() { values_.clear(); }
  void AtTurnEnd();

  // --- data.
  const std::map<slot::SlotId, int64_t>& values() const { return values_; }
  int64_t value(slot::SlotId slot) const {
    const auto it = values_.find(slot);
    return it == values_.end() ? 0 : it->second;
  }
  void Put(slot::SlotId slot, int64_t value);  // as the master: into the log, too
  void Say(std::vector<std::string> record);   // into the log
  // A client's write, to be confirmed when the replicas have it. `current`: no newer
  // master of the shard is there.
  void Write(slot::SlotId slot, bool current);

  // --- replicas.
  int64_t offset() const { return start_ + static_cast<int64_t>(log_.size()); }
  int Count() const { return static_cast<int>(replicas_.size()); }
  int AckedBy(int64_t offset) const;
  // Every replica that is not known to have failed, and all that are attached.
  bool ReplicasHave(int64_t offset) const;
  bool following() const { return !host_->master; }
  // Full copies begun in this process's life.
  uint64_t copies() const { return copies_; }

 private:
  struct Replica {
    uint64_t life = 0;
    uint64_t wire = 0;
    bool online = false;
    int64_t sent = 0;
    int64_t acked = 0;
  };
  struct Unconfirmed {
    int64_t offset;
    slot::SlotId slot;
    int64_t value;
  };

  void Append(LogEntry entry);
  void Apply(const LogEntry& entry);
  void Connect();
  void Disconnect();
  void AskedToSync(Host* replica, uint64_t wire, uint64_t history, int64_t from);
  void TakeCopy(uint64_t wire, const std::map<slot::SlotId, int64_t>& values, uint64_t history, int64_t offset);
  void OnSynced();
  void Confirm();
  void NoteOffset() { host_->data.writes = offset(); }

  World* world_;
  Wires* wires_;
  Truth* truth_;
  Host* host_;
  Find find_;
  Learn learn_;
  slot::SlotSet hidden_;

  std::map<slot::SlotId, int64_t> values_;  // on disk: what a killed process had applied

  // The process. A history is one master's reign; offsets count on when it is inherited.
  uint64_t previous_ = 0;  // its history up to previous_end_ is this one's beginning
  int64_t previous_end_ = 0;
  int64_t start_ = 0;      // log_ begins behind this offset
  std::vector<LogEntry> log_;
  uint64_t copies_ = 0;
  std::map<int, Replica> replicas_;  // by host
  std::vector<Unconfirmed> unconfirmed_;
  // As a replica.
  uint64_t wire_ = 0;
  bool connecting_ = false;
  bool loading_ = false;
  bool mute_ = false;
  int64_t not_before_us_ = 0;
  int64_t acked_ = -1;
  cluster::NodeId synced_from_;
};

}  // namespace windlass::sim
