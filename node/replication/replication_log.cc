// See replication_log.h.
#include "node/replication/replication_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace windlass::replication {
namespace {

constexpr int kIdDigits = 40;
constexpr size_t kBlockBytes = 64 * 1024;

}  // namespace

ReplicationLog::ReplicationLog(base::Random* random) : random_(random), id_(random->Hex(kIdDigits)) {}

void ReplicationLog::StartNewHistory() {
  id_ = random_->Hex(kIdDigits);
  second_id_ = kNoReplicationId;
  second_offset_ = -1;
}

void ReplicationLog::ForkHistory() {
  second_id_ = id_;
  // A replica that has all of the old history asks for the byte after it, which
  // must still count as common: hence one more than the offset.
  second_offset_ = offset_ + 1;
  id_ = random_->Hex(kIdDigits);
}

void ReplicationLog::AdoptHistory(std::string id, int64_t offset) {
  id_ = std::move(id);
  offset_ = offset;
  second_id_ = kNoReplicationId;
  second_offset_ = -1;
  Clear();
}

void ReplicationLog::ContinueAs(std::string new_id) {
  second_id_ = id_;
  second_offset_ = offset_ + 1;
  id_ = std::move(new_id);
}

void ReplicationLog::CreateBacklog() {
  if (has_backlog_) return;
  has_backlog_ = true;
  Clear();
}

void ReplicationLog::FreeBacklog() {
  has_backlog_ = false;
  Clear();
}

void ReplicationLog::Clear() {
  while (!blocks_.empty()) PopOldest();
  history_bytes_ = 0;
}

void ReplicationLog::Append(std::string_view bytes) {
  if (!has_backlog_) return;
  while (!bytes.empty()) {
    if (blocks_.size() == spilled_blocks_ || blocks_.back().bytes.size() >= kBlockBytes) {
      blocks_.push_back({offset_ + 1, std::string()});
      blocks_.back().bytes.reserve(kBlockBytes);
    }
    Block& block = blocks_.back();
    const size_t n = std::min(bytes.size(), kBlockBytes - block.bytes.size());
    block.bytes.append(bytes.substr(0, n));
    block.size += static_cast<int64_t>(n);
    bytes.remove_prefix(n);
    offset_ += static_cast<int64_t>(n);
    history_bytes_ += static_cast<int64_t>(n);
  }
}

std::string_view ReplicationLog::BytesFrom(int64_t next_offset) {
  const auto after = std::upper_bound(blocks_.begin(), blocks_.end(), next_offset,
                                      [](int64_t offset, const Block& block) { return offset < block.first; });
  if (after == blocks_.begin()) return {};
  const Block& block = *std::prev(after);
  const int64_t skip = next_offset - block.first;
  if (skip >= block.size) return {};
  if (block.position < 0) return std::string_view(block.bytes).substr(static_cast<size_t>(skip));
  if (from_file_first_ != block.first) {
    if (!file_->Read(block.position, static_cast<size_t>(block.size), &from_file_)) {
      while (spilled_blocks_ > 0) PopOldest();
      return {};
    }
    from_file_first_ = block.first;
  }
  return std::string_view(from_file_).substr(static_cast<size_t>(skip));
}

void ReplicationLog::PopOldest() {
  const Block& block = blocks_.front();
  history_bytes_ -= block.size;
  if (spilled_blocks_ > 0) {
    --spilled_blocks_;
    spilled_bytes_ -= block.size;
    file_->DropBefore(block.position + block.size);
    if (spilled_blocks_ == 0) {
      std::string().swap(from_file_);
      from_file_first_ = -1;
    }
  }
  blocks_.pop_front();
}

void ReplicationLog::Trim(int64_t needed_offset) {
  while (blocks_.size() > 1) {
    const Block& oldest = blocks_.front();
    if (history_bytes_ - oldest.size < backlog_size_ || oldest.first + oldest.size > needed_offset) return;
    PopOldest();
  }
}

void ReplicationLog::Spill(int64_t memory_bytes) {
  if (file_ == nullptr) return;
  // The block that is written to stays.
  while (history_bytes_ - spilled_bytes_ > memory_bytes && spilled_blocks_ + 1 < blocks_.size() && file_->usable()) {
    Block& block = blocks_[spilled_blocks_];
    block.position = file_->Append(std::exchange(block.bytes, std::string()));
    ++spilled_blocks_;
    spilled_bytes_ += block.size;
  }
}

}  // namespace windlass::replication
