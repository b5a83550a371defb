// What one node says of every node it knows: the lines of CLUSTER NODES.
//
// Nodes of one cluster mostly say the same of each other. Those that do share one table,
// and each keeps its own line beside it, which alone says "myself" and which slots are half
// moved: a thousand nodes that speak of a thousand are then a thousand lines, not a million.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "node/slot/slot.h"

namespace windlass::topology {

struct Address {
  std::string host;
  int port = 0;

  bool empty() const { return host.empty() || port == 0; }
  auto operator<=>(const Address&) const = default;
  bool operator==(const Address&) const = default;
};

// "10.0.0.1:6379"; an IPv6 host is printed as the bus prints it, unbracketed.
std::string ToString(const Address& address);
// The port is behind the last ':'. Absent if there is no valid port or no host.
std::optional<Address> ParseAddress(std::string_view text);

// One line of CLUSTER NODES: what the reporter says about one node.
struct NodeLine {
  std::string id;
  Address address;  // the reporter's own line may have no host: see ClusterView
  int bus_port = 0;
  std::string hostname;                          // empty if none is announced
  std::map<std::string, std::string> aux;        // shard-id and other aux fields, if shown
  bool myself = false;
  bool master = false;   // neither is set for a node in handshake
  bool replica = false;
  bool pfail = false;
  bool fail = false;
  bool handshake = false;
  bool noaddr = false;
  bool nofailover = false;
  std::string master_id;  // empty for a master
  int64_t ping_sent_ms = 0;      // Unix time, 0: no ping pending
  int64_t pong_received_ms = 0;  // Unix time, 0: never
  uint64_t config_epoch = 0;
  bool link_connected = false;
  std::vector<slot::SlotRange> slots;
  // Shown on the reporter's own line only: slot → the other node's id.
  std::map<slot::SlotId, std::string> migrating;
  std::map<slot::SlotId, std::string> importing;

  // False: in handshake, or a replica of a node that the reporter does not know, having
  // forgotten it: what it says of the node's part is nothing.
  bool tells_part() const { return master || !master_id.empty(); }
};

// Lines that do not change any more, found by id.
class NodeTable {
 public:
  explicit NodeTable(std::vector<NodeLine> lines) : lines_(std::move(lines)) {
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (!lines_[i].handshake) at_.emplace(lines_[i].id, i);
    }
  }
  NodeTable(const NodeTable&) = delete;
  NodeTable& operator=(const NodeTable&) = delete;

  const std::vector<NodeLine>& lines() const { return lines_; }
  // Of a node that is no handshake: those have names of the moment.
  std::optional<size_t> IndexOf(const std::string& id) const {
    const auto found = at_.find(id);
    return found == at_.end() ? std::nullopt : std::optional<size_t>(found->second);
  }

 private:
  std::vector<NodeLine> lines_;
  std::unordered_map<std::string_view, size_t> at_;  // into lines_
};

class NodeLines {
 public:
  using Table = std::shared_ptr<const NodeTable>;

  NodeLines() = default;
  // Shares with nobody.
  NodeLines(std::vector<NodeLine> lines) {  // NOLINT: a list of lines is one
    for (size_t i = 0; i < lines.size(); ++i) {
      if (!lines[i].myself) continue;
      own_ = lines[i];
      own_at_ = i;
      // In the table it is as others might say it.
      lines[i].myself = false;
      lines[i].migrating.clear();
      lines[i].importing.clear();
      break;
    }
    table_ = std::make_shared<NodeTable>(std::move(lines));
  }
  // The reporter's own line stands where the table has `own_at`.
  NodeLines(Table table, size_t own_at, NodeLine own) : table_(std::move(table)), own_at_(own_at), own_(std::move(own)) {}

  // Null if there are no lines. Reporters with one table say the same of all others.
  const Table& table() const { return table_; }
  const NodeLine* Own() const { return own_ ? &*own_ : nullptr; }
  size_t own_at() const { return own_at_; }

  size_t size() const { return table_ == nullptr ? 0 : table_->lines().size(); }
  bool empty() const { return size() == 0; }
  const NodeLine& operator[](size_t i) const { return own_ && i == own_at_ ? *own_ : table_->lines()[i]; }
  // Null if it is not listed, or in handshake only.
  const NodeLine* Find(const std::string& id) const {
    const auto at = table_ == nullptr ? std::nullopt : table_->IndexOf(id);
    return at ? &(*this)[*at] : nullptr;
  }

  class Iterator {
   public:
    Iterator(const NodeLines* lines, size_t at) : lines_(lines), at_(at) {}
    const NodeLine& operator*() const { return (*lines_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const NodeLines* lines_;
    size_t at_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

 private:
  Table table_;
  size_t own_at_ = 0;
  std::optional<NodeLine> own_;
};

}  // namespace windlass::topology
