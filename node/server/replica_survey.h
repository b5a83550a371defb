// A master restarted without provably complete data asks its replicas what they
// hold, and draws the conclusion: the core hears of each that holds nothing newer;
// one that holds more is told to take over if no ordinary election does it.
//
// What a replica says in INFO and DBSIZE is compared with the point of replication
// history that this node's data was loaded at, so a redis-server can be asked too.
// Loop thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "node/cluster/core.h"
#include "node/commands/ports.h"
#include "node/net/event_loop.h"

namespace windlass::server {

class ClusterDriver;

// A point of a history: how much of which stream some data holds.
struct HistoryPoint {
  std::string id;      // empty: not known
  int64_t offset = 0;
};

// What one replica answered.
struct ReplicaAnswer {
  bool is_replica = false;
  uint64_t keys = 0;
  HistoryPoint at;
  std::string second_id;       // a history it continued, up to second_offset
  int64_t second_offset = -1;
  bool linked_once = false;    // it has had a master in the life of its process
};

enum class ReplicaHolds { kNothingNewer, kMore, kUnknown };
// `keys` and `loaded` are of the data this node started with.
ReplicaHolds CompareWithReplica(const ReplicaAnswer& answer, const HistoryPoint& loaded, uint64_t keys);

// Reads the replies to INFO replication and DBSIZE (and to AUTH before them, if
// `auth`). False: more has to come. *failed: they are not what was hoped for.
bool ReadReplicaAnswer(std::string_view bytes, bool auth, ReplicaAnswer* answer, bool* failed);

class ReplicaSurvey {
 public:
  // REQUIRES: the driver has begun. `keys` and `loaded` as above.
  ReplicaSurvey(commands::Node* node, ClusterDriver* driver, HistoryPoint loaded, uint64_t keys);
  ~ReplicaSurvey();
  ReplicaSurvey(const ReplicaSurvey&) = delete;
  ReplicaSurvey& operator=(const ReplicaSurvey&) = delete;

 private:
  class Question;

  void Tick();
  void Conclude();
  void Ask(const cluster::NodeEndpoint& replica, bool take_over);
  void OrderTakeover(const cluster::NodeEndpoint& replica);

  commands::Node* node_;
  ClusterDriver* driver_;
  const HistoryPoint loaded_;
  const uint64_t keys_;
  const int64_t begun_ms_;
  int64_t ordered_ms_ = 0;  // when a replica was last told to take over
  net::TimerId timer_ = 0;
  std::map<std::string, std::shared_ptr<Question>> questions_;  // by node id, the newest
  std::map<std::string, ReplicaAnswer> answers_;
};

}  // namespace windlass::server
