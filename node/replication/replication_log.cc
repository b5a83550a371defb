// See replication_log.h.
#include "node/replication/replication_log.h"

#include <algorithm>
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
  blocks_.clear();
  history_bytes_ = 0;
}

void ReplicationLog::ContinueAs(std::string new_id) {
  second_id_ = id_;
  second_offset_ = offset_ + 1;
  id_ = std::move(new_id);
}

void ReplicationLog::CreateBacklog() {
  if (has_backlog_) return;
  has_backlog_ = true;
  blocks_.clear();
  history_bytes_ = 0;
}

void ReplicationLog::FreeBacklog() {
  has_backlog_ = false;
  blocks_.clear();
  history_bytes_ = 0;
}

void ReplicationLog::Append(std::string_view bytes) {
  if (!has_backlog_) return;
  while (!bytes.empty()) {
    if (blocks_.empty() || blocks_.back().bytes.size() >= kBlockBytes) {
      blocks_.push_back({offset_ + 1, std::string()});
      blocks_.back().bytes.reserve(kBlockBytes);
    }
    std::string& block = blocks_.back().bytes;
    const size_t n = std::min(bytes.size(), kBlockBytes - block.size());
    block.append(bytes.substr(0, n));
    bytes.remove_prefix(n);
    offset_ += static_cast<int64_t>(n);
    history_bytes_ += static_cast<int64_t>(n);
  }
}

std::string_view ReplicationLog::BytesFrom(int64_t next_offset) const {
  auto after = std::upper_bound(blocks_.begin(), blocks_.end(), next_offset,
                                [](int64_t offset, const Block& block) { return offset < block.first; });
  if (after == blocks_.begin()) return {};
  const Block& block = *--after;
  const size_t skip = static_cast<size_t>(next_offset - block.first);
  return skip >= block.bytes.size() ? std::string_view() : std::string_view(block.bytes).substr(skip);
}

void ReplicationLog::Trim(int64_t needed_offset) {
  while (blocks_.size() > 1) {
    const int64_t block_bytes = static_cast<int64_t>(blocks_.front().bytes.size());
    if (history_bytes_ - block_bytes < backlog_size_) return;
    if (blocks_.front().first + block_bytes > needed_offset) return;
    history_bytes_ -= block_bytes;
    blocks_.pop_front();
  }
}

}  // namespace windlass::replication
