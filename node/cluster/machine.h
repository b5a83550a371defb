// The whole state of the core, shared by the functions of its subjects (one
// file each). Private to node/cluster.
#pragma once

#include <array>
#include <cstdarg>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "node/base/random.h"
#include "node/cluster/blacklist.h"
#include "node/cluster/core.h"
#include "node/cluster/grants.h"
#include "node/cluster/node_table.h"
#include "node/cluster/outbox.h"
#include "node/cluster/slot_map.h"

namespace windlass::cluster {

// A replica's bid for its master's place.
struct Election {
  int64_t start_ms = 0;    // when to ask for votes; 0: none yet
  int64_t turn_ms = 0;     // of that: waits for candidates of other masters
  bool requested = false;
  uint64_t epoch = 0;
  std::vector<NodeIndex> votes;
  int asks = 0;            // for votes, within this election
  int64_t ask_again_ms = 0;
  int rank = 0;
  int64_t last_refusal_log_ms = 0;
};

struct ManualFailover {
  int64_t end_ms = 0;           // 0: none in progress
  Node* replica = nullptr;      // master's side: who asked
  int64_t paused_offset = -1;   // master's side: where its stream ends, now that writes pause; -1: not known yet
  int64_t asked_ms = 0;         // replica's side: when the master was last asked to pause
  bool can_start = false;       // replica's side: ask for votes now
  int64_t master_offset = -1;   // replica's side: where the paused master stands, by its last word
};

struct Health {
  bool ok = false;
  int64_t first_check_ms = 0;
  int64_t minority_ms = 0;      // when we last saw a majority missing
  int size = 1;                 // masters with slots
};

// See takeover_rule.h.
struct StreamHold {
  bool active = false;
  bool chose_master = false;   // since this start: what nodes.conf knew of it is old
  NodeId master;               // whose stream stands still
  int64_t last_failed_ms = 0;  // when it was last seen as failed
  int64_t last_told_ms = 0;
};

// See probation.h.
struct Probation {
  bool active = false;
  bool silent = false;
  int64_t data_offset = 0;
  // Started without nodes.conf, and nobody's master nor owner of a slot yet.
  bool newcomer = false;
};

struct Machine {
  Machine(base::Random rng, const KeyCounts* key_counts)
      : random(rng), keys(key_counts), slots(&nodes) {}

  base::Random random;
  const KeyCounts* keys;
  Options options;
  int64_t now = 0;

  NodeTable nodes;
  SlotMap slots;
  uint64_t current_epoch = 0;
  uint64_t last_vote_epoch = 0;
  uint64_t cluster_id = 0;  // see cluster_identity.h; 0: none yet
  // The configEpoch at which this node won or took slots from another, for
  // settling collisions; 0 if it did not in this life.
  uint64_t taken_at_epoch = 0;
  uint64_t succeeded_at_epoch = 0;  // the epoch at which this node took its master's place
  bool left_empty = false;  // others took this master's last slots

  Outbox out;
  Election election;
  ManualFailover manual;
  Health health;
  Probation probation;
  StreamHold hold;
  Blacklist blacklist;
  Grants grants;
  int64_t foreign_log_ms = 0;
  int64_t introduction_ends_ms = 0;  // see introduction.h; 0: not a newcomer
  ReplicationFacts facts;

  std::unordered_map<uint64_t, Node*> outbound;  // by link number
  std::unordered_map<uint64_t, Node*> inbound;   // only those whose sender is known
  uint64_t next_link = 1;
  uint64_t gossip_marks = 0;
  uint64_t ticks = 0;
  int to_report = 0;  // nodes worth reporting at the last tick, or more

  std::array<uint64_t, kMessageTypes> sent{};
  std::array<uint64_t, kMessageTypes> received{};

  // What this turn left to be done before it ends.
  bool save = false;
  bool save_critical = false;
  bool update_health = false;
  bool check_election = false;
  bool tell_suspicion = false;  // a voter has come to suspect another
  bool check_manual = false;
  bool save_failed = false;    // the newest Persist failed: give it out again

  // The role last ordered from the driver.
  bool following = false;
  NodeId followed;
  Address followed_address;
  bool stream_held = false;

  Node* myself() const { return nodes.myself(); }
  Node* MyMaster() const { return myself()->IsReplica() ? myself()->replica_of : nullptr; }
  // Whose slots and epoch this node speaks for: its master's if it has one.
  Node* Spokesman() const { return MyMaster() != nullptr ? MyMaster() : myself(); }

  void Save() { save = true; }
  void SaveCritical() { save = save_critical = true; }
  void SaveAndCheck() { save = update_health = true; }
};

// A log line, printf style.
void LogF(Machine& m, LogLevel level, const char* format, ...)
    __attribute__((format(printf, 3, 4)));

// "id (name)" as Redis's lines have it, for the two %s of most of them.
inline const char* Name(const Node& node) { return node.human_nodename.c_str(); }

// Does what the turn left to do, and gives out its effects.
Effects EndTurn(Machine& m);

// Takes a node out of the table with its slots, links and reports.
void DropNode(Machine& m, Node* node);

// Quorum: masters with slots that must agree.
inline int Quorum(const Machine& m) { return m.health.size / 2 + 1; }

}  // namespace windlass::cluster
