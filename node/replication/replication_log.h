// The log of effects as replicas see it: a history id, an offset, and the bytes of
// the recent past.
//
// Bytes live in blocks shared by the backlog and every replica's send position; a
// block is dropped when it is older than the backlog keeps and no reader needs it.
// Loop thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "node/base/random.h"

namespace windlass::replication {

inline constexpr std::string_view kNoReplicationId = "0000000000000000000000000000000000000000";

class ReplicationLog {
 public:
  explicit ReplicationLog(base::Random* random);

  const std::string& id() const { return id_; }
  // The history this one continues, valid for positions below second_offset(); -1: none.
  const std::string& second_id() const { return second_id_; }
  int64_t second_offset() const { return second_offset_; }
  // Bytes of the history so far; the next byte gets offset() + 1.
  int64_t offset() const { return offset_; }

  // A fresh history at the same offset: nothing that was can be continued.
  void StartNewHistory();
  // This server stops following: its history forks here, replicas of the old one may go on.
  void ForkHistory();
  // After a full synchronisation or a load: the master's history, no backlog before it.
  void AdoptHistory(std::string id, int64_t offset);
  // The master continues under a new id (it was promoted): the old id becomes the second.
  void ContinueAs(std::string new_id);
  void RestoreSecond(std::string id, int64_t offset) {
    second_id_ = std::move(id);
    second_offset_ = offset;
  }

  // --- backlog. Without one nothing is kept and the offset stands still.
  bool has_backlog() const { return has_backlog_; }
  void CreateBacklog();
  void FreeBacklog();
  void set_backlog_size(int64_t bytes) { backlog_size_ = bytes; }
  int64_t backlog_size() const { return backlog_size_; }
  // The offset of the first kept byte, and how many are kept.
  int64_t first_offset() const { return offset_ - history_bytes_ + 1; }
  int64_t history_bytes() const { return history_bytes_; }
  bool Covers(int64_t next_offset) const {
    return has_backlog_ && next_offset >= first_offset() && next_offset <= offset_ + 1;
  }

  void Append(std::string_view bytes);
  // Some kept bytes from next_offset on, empty at the end. REQUIRES: Covers(next_offset)
  std::string_view BytesFrom(int64_t next_offset) const;
  // Drops blocks beyond the backlog's size that end before `needed_offset`.
  void Trim(int64_t needed_offset);

 private:
  struct Block {
    int64_t first = 0;  // offset of bytes[0]
    std::string bytes;
  };

  base::Random* random_;
  std::string id_;
  std::string second_id_{kNoReplicationId};
  int64_t second_offset_ = -1;
  int64_t offset_ = 0;
  bool has_backlog_ = false;
  int64_t backlog_size_ = 1 << 20;
  // Invariant: blocks_ are contiguous, their bytes sum to history_bytes_ and end at offset_.
  std::deque<Block> blocks_;
  int64_t history_bytes_ = 0;
};

}  // namespace windlass::replication
