// The log of effects as replicas see it: a history id, an offset, and the bytes of
// the recent past.
//
// Bytes live in blocks shared by the backlog and every replica's send position; a
// block is dropped when it is older than the backlog keeps and no reader needs it. What
// a replica will need only when it has loaded its copy can wait in a file (Spill).
// Loop thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "node/base/random.h"
#include "node/persistence/spill_file.h"

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
  // Some kept bytes from next_offset on, valid until the next call; empty at the end, or
  // if the file with them cannot be read: then they are kept no longer.
  // REQUIRES: Covers(next_offset)
  std::string_view BytesFrom(int64_t next_offset);
  // Drops blocks beyond the backlog's size that end before `needed_offset`.
  void Trim(int64_t needed_offset);

  // --- the file. Without one, everything stays in memory.
  void SetSpillFile(std::unique_ptr<persistence::SpillFile> file) { file_ = std::move(file); }
  // Moves the oldest blocks there until `memory_bytes` are left in memory.
  void Spill(int64_t memory_bytes);
  int64_t spilled_bytes() const { return spilled_bytes_; }
  // In memory, those on their way into the file included.
  int64_t memory_bytes() const {
    return history_bytes_ - spilled_bytes_ + (file_ == nullptr ? 0 : static_cast<int64_t>(file_->in_flight()));
  }

 private:
  struct Block {
    int64_t first = 0;  // offset of its first byte
    std::string bytes;  // empty if it is in the file
    int64_t position = -1;  // there
    int64_t size = 0;
  };
  void Clear();
  void PopOldest();

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
  // Invariant: the blocks in the file are the first spilled_blocks_ of blocks_.
  std::unique_ptr<persistence::SpillFile> file_;
  size_t spilled_blocks_ = 0;
  int64_t spilled_bytes_ = 0;
  std::string from_file_;  // the block that starts at from_file_first_
  int64_t from_file_first_ = -1;
};

}  // namespace windlass::replication
