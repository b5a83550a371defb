// The one log: what commands changed, encoded once, given to the AOF and to the
// replication history in the same order.
//
// On a replica the history is its master's bytes (the replica side appends them),
// so commands applied from there reach the AOF only. Loop thread only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/persistence/aof.h"
#include "node/replication/primary_side.h"
#include "node/replication/replication_log.h"
#include "node/server/write_log.h"

namespace windlass::server {

class Propagation final : public WriteLog {
 public:
  Propagation(persistence::Aof* aof, replication::ReplicationLog* history, replication::PrimarySide* primary);

  bool HasReader() const override;
  void BeginUnit() override { ++unit_depth_; }
  void EndUnit() override;
  void Append(int db, std::span<const std::string_view> argv) override { AppendChange(db, argv, {true, true}); }
  void AppendForReplicas(int db, std::span<const std::string_view> argv) override {
    if (!loading_) Add(db, argv, {false, true});
  }
  void AppendChange(int db, std::span<const std::string_view> argv, Readers readers) override;
  int64_t EndOfTurn() override;
  // Positions of the AOF: only its fsync ever holds replies back.
  int64_t EndOffset() const override { return aof_->appended(); }

  // Bytes that belong to no database: PING, GETACK.
  void AppendToHistory(std::string_view bytes);
  // The next command tells its database again: a replica starts from here.
  void ForgetHistoryDb() { history_db_ = -1; }
  int history_db() const { return history_db_; }
  void set_following(bool following) { following_ = following; }
  // The history was taken over from a file: what may have been written after it is
  // lost, so this server's first own byte begins a fork of it. Following undoes that.
  void set_fork_pending(bool pending) { fork_pending_ = pending; }
  void ForkIfPending();
  // Null: none.
  void set_tap(LogTap* tap) { tap_ = tap; }
  // While data is loaded nothing of it is written to the log again.
  void set_loading(bool loading) { loading_ = loading; }

 private:
  // One command of an open unit: its bytes are unit_bytes_[begin, end).
  struct Part {
    int db;
    size_t begin;
    size_t end;
    Readers readers;
  };
  void Add(int db, std::span<const std::string_view> argv, Readers readers);
  void FeedInPieces(int db, std::span<const std::string_view> argv, Readers readers);
  void Feed(int db, std::string_view bytes, Readers readers);

  persistence::Aof* aof_;
  replication::ReplicationLog* history_;
  replication::PrimarySide* primary_;
  LogTap* tap_ = nullptr;
  int unit_depth_ = 0;
  std::vector<Part> unit_;
  std::string unit_bytes_;
  std::string scratch_;
  int history_db_ = -1;  // selected in the history; -1: to be told
  bool following_ = false;
  bool fork_pending_ = false;
  bool loading_ = false;
};

}  // namespace windlass::server
