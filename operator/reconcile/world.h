// What one pass has observed of a cluster: pods and claims from Kubernetes, and
// what every node says. Plain data; the phases decide on it without I/O.
//
// Unknown is not zero: a fact that nobody gave is absent, and a node that did
// not answer has no facts of its own.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operator/api/redis_cluster.h"
#include "operator/reconcile/node_settings.h"
#include "operator/topology/cluster_view.h"

namespace windlass::reconcile {

// What Kubernetes says of a claim. One without a shard label is kept of a node that
// was taken out: its number stays in use, but it is no node.
struct ClaimFact {
  std::string shard;       // label; empty also if it is being deleted
  bool orphan = false;     // kept for good: nothing uses it any more
  int64_t bytes = 0;       // asked for
  std::string size;        // likewise, as it is written
  std::string class_name;
  std::string cluster_id;  // annotation: whose data it holds
  std::string problem;     // why its volume is not as it should be
  bool lost = false;       // there is no volume behind it any more
};

struct PodFact {
  std::string name;
  std::string uid;
  std::string ip;
  std::string shard;    // label
  std::string role;     // label
  std::string node_id;  // annotation: the node last seen in it
  std::string template_hash;  // annotation: what it was made from; empty: unknown
  std::string resources;      // annotation: what its container may use, by that template
  std::string resize_to;      // annotation: what it was asked to become in place
  bool resized = true;        // Kubernetes has nothing left to do of that
  std::string resize_problem;  // … or says why it cannot
  NodeSettings settings;      // annotation: what its node was told
  bool fenced = false;     // annotation: not to be touched, nor to be a master
  bool take_over = false;  // annotation: to take over from its master
  bool terminating = false;
  bool cordoned = false;  // the machine it is on takes no new pods, or is to go
  std::string zone;       // of that machine; empty: unknown
  bool placed = false;    // on a machine at all
  bool finished = false;  // Failed or Succeeded: it will not run again
  std::string problem;    // why its container does not run, if it does not
  int64_t created_ms = 0;  // Unix time; 0: unknown
  int64_t started_ms = 0;  // its container, last; 0: it does not run
  int restarts = 0;        // of its container
  int64_t out_of_reach_ms = 0;  // since when no machine that it may be on reaches its volume; 0: not so
};

// One node of ours: a pod, a claim, or both.
struct Member {
  std::string name;
  int ordinal = 0;
  std::optional<PodFact> pod;
  bool claim = false;
  ClaimFact volume;   // of the claim
  std::string shard;  // live membership where it is known, else the label

  bool resizable = false;  // outdated in what it may use only, and can have that as it runs
  bool outdated = false;  // of another template, or in need of a restart
  std::string id;        // node id, by its own word or the annotation; empty: unknown
  topology::Address address;
  bool answers = false;  // by its own word, in this pass:
  bool loading = false;
  bool serves = false;   // its cluster_state is ok: it does not answer CLUSTERDOWN
  bool joined = false;   // knows every slot owner that answers, and is known by them
  bool master = false;
  std::string master_id;
  int slots = 0;
  int known_nodes = 0;
  uint64_t config_epoch = 0;
  std::string run_id;  // changes with every start
  std::optional<int64_t> keys;
  std::optional<int64_t> used_memory;
  bool synced = false;  // a replica in step with its master
  int64_t offset = 0;   // of the stream of writes
  bool link_up = false;  // of a replica, to its master
  bool copying = false;  // of a replica: a full copy of it is on its way
  // What it says of itself is not what the others see: it is another node than the one
  // that they have a living link to, or has another part in the cluster. Nothing is done
  // to it, or for it, on its word alone.
  bool doubted = false;

  bool fenced() const { return pod && pod->fenced; }
  bool running() const { return pod && !pod->terminating && !pod->finished; }
  // On its way out for good: no claim brings it back.
  bool leaving() const { return pod && pod->terminating && !claim; }
  bool EmptyMaster() const { return answers && master && slots == 0; }
};

// A node that others know and that is none of our pods.
struct Ghost {
  std::string id;
  std::string name;  // announced host name, may be empty
  int slots = 0;     // by anybody's word
  bool claim = false;  // its claim exists: its pod is to come back
  bool linked = false;  // somebody has a living link to it: it is not gone, wherever it is
  topology::Reporters known_by;
};

struct Shard {
  std::string name;
  int number = 0;
  std::vector<const Member*> members;
  const Member* owner = nullptr;   // the answering master that owns slots
  const Member* leader = nullptr;  // the owner, or of a shard without slots the master its replicas follow
  // Somebody says that a node of this shard that does not answer owns slots.
  bool owner_missing = false;
  // Two of its nodes claim slots: an old master is back and has not stepped down
  // yet. Nothing may be moved from here until it has.
  bool contested = false;
  int synced_replicas = 0;
  slot::SlotSet slots;  // the owner's
};

// What a node says that cannot be so, or that it says nothing; see oddities.h.
struct Oddity {
  std::string key;   // the same as long as it is the same
  std::string text;  // for people
  bool silent = false;
  bool operator==(const Oddity&) const = default;
};

// Autoscalers of Kubernetes that scale a cluster which scales itself; see rivals.h.
struct Rivals {
  bool known = true;
  std::string names;  // empty: there are none; of what is not known, why
};

struct World {
  const api::RedisCluster* cluster = nullptr;
  std::string image;
  std::string template_hash;  // of a pod made now
  SettingMap settings;        // of a node started now
  std::string passwords;      // which they are to have, see MarkOf
  int64_t overlap_until_ms = 0;  // an earlier password is accepted until then; 0: there is none
  int target_shards = 0;
  int64_t now_ms = 0;
  topology::ClusterView view;
  std::vector<Member> members;  // by ordinal
  std::vector<Ghost> ghosts;    // by id
  std::vector<Shard> shards;    // by number
  int next_ordinal = 0;         // one above every number in use
  int next_shard_number = 0;
  std::vector<double> slot_weights;  // by slot, see slot_weights.h; empty: not known
  bool weighed_later = false;        // they are not known because nobody was asked at this pass
  bool moves_rest = false;           // as many bytes have been moved as may be, for now
  std::string monitor_refused;       // why there is no PodMonitor
  Rivals rivals;
  std::vector<Oddity> oddities;      // those that have lasted
  std::vector<std::string> orphan_claims;
  std::string claimed_cluster_id;  // what all claims say they hold; empty: they say nothing, or differ
  std::string resize_refused;      // what the API server said to a pod that was to be resized
  std::string growth_refused;      // what the API server last said to a larger claim
  std::string family_drift;        // of the Services' IP families, what cannot be as the spec says
  bool may_grow = true;            // false for a while after that
  std::string creation_refused;  // what the API server last said to new pods or claims; empty: nothing
  bool may_create = true;        // false for a while after it has refused

  bool window_open = true;         // update.window: a shard may be begun
  int64_t window_opens_ms = 0;     // when it is closed: Unix time; 0: never

  const api::Spec& spec() const { return cluster->spec; }
  const api::Status& status() const { return cluster->status; }
  const std::optional<api::Operation>& operation() const { return cluster->status.operation; }
  const Member* FindMember(const std::string& name) const;
  const Member* FindId(const std::string& node_id) const;
  const Shard* FindShard(const std::string& name) const;
  std::vector<const Member*> Answering() const;
  std::vector<const Member*> Owners() const;  // answering masters with slots
  // Every running pod answers and none is loading.
  bool AllAnswer() const;
  // Every slot has exactly one owner, which answers, and all who answer agree.
  bool SlotsSettled() const;
  // Of which nobody is left who held them, by what Kubernetes and every node say;
  // nothing while anything is unknown.
  std::optional<slot::SlotSet> LostSlots() const;
  int NodesPerShard() const { return 1 + spec().replicas_per_shard; }
};

struct Observation {
  const api::RedisCluster* cluster = nullptr;
  std::string image;
  int target_shards = 0;
  int64_t now_ms = 0;
  std::vector<PodFact> pods;
  std::map<std::string, ClaimFact> claims;  // by name
  std::vector<topology::NodeReport> reports;  // asked at the pods' addresses
  std::string creation_refused;
  bool may_create = true;
  std::string growth_refused;
  bool may_grow = true;
  std::string resize_refused;
  std::string family_drift;
  std::string passwords;
  int64_t overlap_until_ms = 0;
};

World BuildWorld(Observation observation);

// Whether a replica that is this much of the stream of writes behind its master can take over
// from it without a pause that anybody notices.
inline constexpr int64_t kSyncedLagBytes = 1 << 20;
inline bool InStep(int64_t behind_bytes) { return behind_bytes <= kSyncedLagBytes; }

std::string ShardName(int number);  // shard-<n>
std::optional<int> ShardNumber(const std::string& name);

}  // namespace windlass::reconcile
