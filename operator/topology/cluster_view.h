// ClusterView: what all nodes said, side by side, and what follows from it.
//
// Built once from reports and then only read. About itself a node is believed
// (its own line); about others each statement stays with who made it, so that
// "who says this slot belongs to whom" can be asked. Every list comes back in a
// fixed order (by id, slot or address), whatever the order of the reports.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/slot/slot.h"
#include "node/slot/slot_set.h"
#include "operator/topology/report.h"

namespace windlass::topology {

struct Node;

// Some of the nodes that answered. A bit each: in a cluster of a thousand every node is
// known by a thousand.
class Reporters {
 public:
  using Index = std::shared_ptr<const std::map<std::string, size_t>>;  // node id → place of its report

  bool Has(const Node& node) const;
  bool HasId(const std::string& id) const;
  bool empty() const { return size() == 0; }
  size_t size() const;
  void Add(const Index& index, size_t place);
  void Add(const Reporters& others);

 private:
  bool HasPlace(size_t place) const { return place / 64 < bits_.size() && (bits_[place / 64] >> (place % 64) & 1) != 0; }

  Index index_;
  std::vector<uint64_t> bits_;
};

// One node of the cluster. `reported` tells whether it answered for itself;
// if not, its facts are what the best informed of the others says: the line with
// the highest config epoch, then the latest pong.
struct Node {
  std::string id;
  Address address;        // where it answered; else what the best informed says
  int bus_port = 0;
  std::string hostname;
  bool reported = false;
  size_t report = 0;  // its place among the reports, if it is reported
  bool master = false;
  std::string master_id;  // empty for a master
  uint64_t config_epoch = 0;
  slot::SlotSet slots;    // by its own word if reported, else by the others'
  std::map<slot::SlotId, std::string> migrating;  // by its own word
  std::map<slot::SlotId, std::string> importing;
  Reporters failed_by;     // those that flag it fail
  Reporters suspected_by;  // … pfail (fail?)
  Reporters known_by;      // … list it, itself included, handshakes not
  Reporters linked_by;     // … have a link to it and do not suspect it: it lives, whoever answers at its address
  std::string name() const { return ToString(address); }
};

struct OpenSlot {
  slot::SlotId slot = 0;
  std::string node;                  // whose word it is
  enum Kind { kMigrating, kImporting } kind = kMigrating;
  std::string peer;                  // to whom, from whom
  bool operator==(const OpenSlot&) const = default;
};

// Reporters that draw the same slot map, with what they say.
struct SlotMapOpinion {
  std::set<std::string> reporters;
  std::map<std::string, std::vector<slot::SlotRange>> map;  // owner → slots
};

class ClusterView {
 public:
  ClusterView() = default;
  explicit ClusterView(std::vector<NodeReport> reports);

  const std::vector<NodeReport>& reports() const { return reports_; }
  const std::map<std::string, Node>& nodes() const { return nodes_; }
  const Node* Find(const std::string& id) const;
  const Node* FindByAddress(const Address& address) const;
  // The report a node gave of itself, if it answered.
  const NodeReport* ReportOf(const std::string& id) const;
  // Reports without an answer.
  std::vector<const NodeReport*> Silent() const;

  std::vector<const Node*> Masters() const;
  std::vector<const Node*> Replicas() const;
  std::vector<const Node*> ReplicasOf(const std::string& master_id) const;

  // Who owns a slot, by whom says so: owner id → reporter ids. Reporters that
  // know no owner are under "".
  std::map<std::string, std::set<std::string>> Claims(slot::SlotId slot) const;
  // Masters that say of themselves that they own it.
  std::vector<const Node*> SelfClaimants(slot::SlotId slot) const;
  // The one self-claimant; if there is none, the one silent master that others
  // name; null if that is nobody or not one.
  const Node* Owner(slot::SlotId slot) const;
  slot::SlotSet Covered() const;    // by some node's claim
  slot::SlotSet Uncovered() const;
  std::map<slot::SlotId, std::vector<std::string>> MultipleOwners() const;
  std::vector<OpenSlot> OpenSlots() const;

  // All who answered draw the same map of slots to owners.
  bool SlotsAgree() const { return Opinions().size() <= 1; }
  const std::vector<SlotMapOpinion>& Opinions() const { return opinions_; }  // the largest group first

  // Nodes someone flags as fail (not merely suspected).
  std::vector<const Node*> Failing() const;
  // Node id → reporters (by id) that do not list it.
  std::map<std::string, std::set<std::string>> UnknownTo() const;
  // Every reporter lists every other, no handshake is pending, no link is down.
  bool FullyMeshed() const;
  // Highest config epoch anyone mentions.
  uint64_t HighestConfigEpoch() const;

  // Bytes of stream the replica is behind its master; absent unless both
  // answered, the link is up and both are on the same history.
  std::optional<int64_t> ReplicaLag(const std::string& replica_id) const;
  // Link up, same history, no sync under way, and at most max_lag bytes behind.
  bool Synced(const std::string& replica_id, int64_t max_lag_bytes) const;

 private:
  // Reporters that say the same of all others.
  struct Chorus {
    NodeLines::Table table;
    Reporters reporters;
    std::vector<size_t> reports;  // their places
  };

  void MergeSelf(size_t report_index, std::map<std::string, size_t>* report_of);
  std::vector<Chorus> GatherChoruses() const;
  void MergeOthers(const Chorus& chorus);
  void SettleSilentNodes(const std::vector<Chorus>& choruses);
  void GatherOpinions(const std::vector<Chorus>& choruses);
  void AddOpinion(std::vector<size_t> reports, std::map<std::string, std::vector<slot::SlotRange>> map);

  std::vector<NodeReport> reports_;             // sorted by asked address
  std::map<std::string, Node> nodes_;
  Reporters::Index report_of_ = std::make_shared<const std::map<std::string, size_t>>();  // into reports_
  std::vector<SlotMapOpinion> opinions_;
};

}  // namespace windlass::topology
