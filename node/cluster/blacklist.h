// Nodes that FORGET banned: gossip does not bring them back until the ban ends.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "node/cluster/node_id.h"

namespace windlass::cluster {

class Blacklist {
 public:
  struct Entry {
    NodeId id;
    int64_t until_ms = 0;
  };
  void Ban(const NodeId& id, int64_t until_ms) {
    Lift(id);
    entries_.push_back({id, until_ms});
  }
  void Lift(const NodeId& id) {
    entries_.erase(std::remove_if(entries_.begin(), entries_.end(),
                                  [&id](const Entry& e) { return e.id == id; }),
                   entries_.end());
  }
  bool Banned(const NodeId& id, int64_t now_ms) const {
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& e) {
      return e.id == id && e.until_ms > now_ms;
    });
  }
  void Expire(int64_t now_ms) {
    entries_.erase(std::remove_if(entries_.begin(), entries_.end(),
                                  [now_ms](const Entry& e) { return e.until_ms <= now_ms; }),
                   entries_.end());
  }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace windlass::cluster
