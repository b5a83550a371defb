// Semi-synchronous replication (windlass-min-acks K): how far K replicas have
// acknowledged the history, so that the replies of writes may leave, and what happens
// while there are too few of them.
//
// One GETACK a turn of the loop asks for all that was written in it. A shortage begins
// when something has waited for longer than windlass-min-acks-timeout. With "block" the
// replies go on waiting. With "degrade" they leave, and those of new writes do too,
// until K replicas have caught up; the time spent so is counted.
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "node/base/log.h"
#include "node/net/event_loop.h"
#include "node/observe/info_report.h"
#include "node/replication/primary_side.h"
#include "node/replication/replication_log.h"

namespace windlass::server {

class AckGate {
 public:
  struct Settings {
    int64_t min_acks = 0;  // 0: off
    bool degrade = false;
    int64_t timeout_ms = 1000;
  };
  struct Parts {
    net::EventLoop* loop;
    base::Logger* log;
    const replication::ReplicationLog* history;
    replication::PrimarySide* primary;
    const Settings* settings;
  };
  explicit AckGate(Parts parts) : parts_(parts) {}

  // In the cluster only replicas of the shard count, for only they are asked in an
  // election. By the id of the replica's node.
  void SetFilter(replication::PrimarySide::AckFilter counts) { counts_ = std::move(counts); }

  // How many clients wait for more than this offset.
  void SetWaiting(std::function<size_t(int64_t acked_offset)> waiting) { waiting_ = std::move(waiting); }

  bool active() const { return parts_.settings->min_acks > 0 && is_master_; }
  // In a turn's end, before the log goes out: replicas are asked if there is news.
  void BeforeLog(bool is_master);
  // After it: how far replies may go.
  void AfterLog() { asked_offset_ = parts_.history->offset(); }
  // The end of the history, for which this turn's writes wait.
  int64_t EndOffset() const { return written_offset_; }
  int64_t ReleasedOffset() const;
  // Ten times a second.
  void Cron();

  int64_t AckedOffset() const;
  void WriteInfo(observe::InfoWriter& out) const;

 private:
  void EndDegraded();
  size_t Waiting() const { return waiting_ && active() ? waiting_(AckedOffset()) : 0; }

  Parts parts_;
  replication::PrimarySide::AckFilter counts_;
  std::function<size_t(int64_t)> waiting_;
  bool is_master_ = true;
  int64_t written_offset_ = 0;  // the history's end before it was asked about
  int64_t asked_offset_ = 0;    // its end when replicas were last asked
  int64_t short_since_ms_ = 0;  // something waits, and nothing was released since; 0: no
  int64_t released_at_last_look_ = 0;
  bool short_ = false;
  int64_t degraded_since_ms_ = 0;  // 0: not
  int64_t degraded_goal_ = 0;      // replicas that are so far have caught up
  int64_t degraded_total_ms_ = 0;
  uint64_t degradations_ = 0;
};

}  // namespace windlass::server
