// One simulated machine: a disk, the data, and at most one process.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "node/cluster/core.h"

namespace windlass::sim {

// What a node holds, as a number of writes of one lineage (a shard's history).
struct Data {
  int lineage = 0;
  int64_t writes = 0;
  // Writes were lost by a restart: nobody may throw away more for it.
  bool tainted = false;
};

class Host : public cluster::KeyCounts {
 public:
  explicit Host(int index) : index_(index), ip_("10.0.0." + std::to_string(index + 1)) {}

  uint64_t KeysInSlot(slot::SlotId slot) const override { return keys == nullptr ? 0 : keys->KeysInSlot(slot); }
  bool DatasetEmpty() const override { return keys == nullptr ? data.writes == 0 : keys->DatasetEmpty(); }

  int index() const { return index_; }
  const std::string& ip() const { return ip_; }
  bool alive() const { return core != nullptr; }

  // The disk.
  std::optional<std::string> conf;
  Data data;
  int64_t skew_ms = 0;  // what the machine's clock is wrong by now
  const cluster::KeyCounts* keys = nullptr;  // of a Companion

  // The process; core == nullptr when it is down.
  std::unique_ptr<cluster::ClusterCore> core;
  uint64_t life = 0;
  std::unordered_map<uint64_t, uint64_t> connection_of;  // by outbound link number
  struct PendingWrite {
    uint64_t ticket = 0;
    std::string content;
  };
  std::vector<PendingWrite> writing;
  uint64_t answered_ticket = 0;  // saves of nodes.conf up to this one are done or have failed
  uint64_t saved_ticket = 0;     // up to this one are done
  int64_t clock_ms = 0;          // what its clock was wrong by when it started
  bool frozen = false;

  // Replication as the driver of the core would do it.
  bool master = true;
  std::string follow_ip;
  cluster::NodeId followed;
  cluster::NodeId synced_with;
  bool link_up = false;
  bool stream_held = false;
  int64_t last_sync_us = 0;
  uint64_t history = 0;
  int64_t paused_until_us = 0;
  bool joining = false;  // a newcomer that the administrator has to add

  cluster::ReplicationFacts Facts(int64_t now_us) const;

 private:
  int index_;
  std::string ip_;
};

}  // namespace windlass::sim
